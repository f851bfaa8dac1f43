//! Which media type a client wants its answer in.

/// The media types that the hub answers in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/json`: a well-formed request is answered with 200, whatever became of it.
    Json,
    /// `application/graphql-response+json`: the status tells whether the document could be executed.
    GraphQlResponse,
    /// `text/event-stream`: GraphQL over SSE, in distinct connections mode.
    EventStream,
}

impl Media {
    /// In the order that the hub prefers where the client does not.
    const OFFERED: [Self; 3] = [Self::Json, Self::GraphQlResponse, Self::EventStream];

    /// The `Content-Type` of an answer in this media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphQlResponse => "application/graphql-response+json; charset=utf-8",
            Self::EventStream => "text/event-stream; charset=utf-8",
        }
    }

    /// How exactly a media range names this type, if at all: 2 by name, 1 by its first half, 0 by `*/*`.
    fn matched(self, range: &str) -> Option<u8> {
        let essence = self.content_type().split(';').next().unwrap_or_default();
        let half = essence.split('/').next().unwrap_or_default();
        match range.split_once('/')? {
            _ if range.eq_ignore_ascii_case(essence) => Some(2),
            (kind, "*") if kind.eq_ignore_ascii_case(half) => Some(1),
            ("*", "*") => Some(0),
            _ => None,
        }
    }
}

/// Chooses the media type of the answer from the values of the `Accept` headers; none if nothing fits.
///
/// The highest quality wins, then the range that names its type most exactly, then the one that stands first.
pub fn negotiate<'a>(accept: impl IntoIterator<Item = &'a str>) -> Option<Media> {
    let ranges: Vec<&str> = accept
        .into_iter()
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|range| !range.is_empty())
        .collect();
    if ranges.is_empty() {
        return Some(Media::Json);
    }
    let ranges: Vec<(&str, u16)> = ranges.into_iter().filter_map(range).collect();
    let ranked = Media::OFFERED.into_iter().filter_map(|media| {
        let matches = ranges
            .iter()
            .zip(0_usize..)
            .filter_map(|((range, quality), place)| Some((media.matched(range)?, *quality, usize::MAX - place)));
        // The most exact range speaks for a type, even if it says no.
        let (exact, quality, place) = matches.max_by_key(|(exact, _, place)| (*exact, *place))?;
        (quality > 0).then_some(((quality, exact, place), media))
    });
    // Where two tie, the one offered first stays.
    ranked.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, media)| media)
}

/// A media range and its quality in thousandths; none if it asks for a form that the hub does not write.
fn range(text: &str) -> Option<(&str, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next()?;
    let mut quality = 1_000;
    for parameter in parts.filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=')?;
        match name.trim().to_ascii_lowercase().as_str() {
            "q" => quality = thousandths(value.trim())?,
            "charset" if is_utf8(value) => {}
            _ => return None,
        }
    }
    Some((range, quality))
}

fn thousandths(quality: &str) -> Option<u16> {
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match whole {
        "0" => format!("{fraction:0<3}").parse().ok(),
        "1" if fraction.bytes().all(|byte| byte == b'0') => Some(1_000),
        _ => None,
    }
}

/// True if a `charset` parameter names UTF-8.
pub(super) fn is_utf8(charset: &str) -> bool {
    matches!(charset.trim().trim_matches('"').to_ascii_lowercase().as_str(), "utf-8" | "utf8")
}

#[cfg(test)]
mod tests {
    use super::Media::{EventStream, GraphQlResponse, Json};
    use super::negotiate;

    #[test]
    fn the_clients_first_choice_that_we_write_is_chosen() {
        for (accept, media) in [
            ("", Some(Json)),
            ("*/*", Some(Json)),
            ("application/*", Some(Json)),
            ("text/*", Some(EventStream)),
            ("application/json", Some(Json)),
            ("APPLICATION/JSON; charset=UTF-8", Some(Json)),
            ("application/json;charset=\"utf-8\"", Some(Json)),
            ("application/json; charset=iso-8859-1", None),
            ("application/json; profile=x", None),
            ("application/graphql-response+json", Some(GraphQlResponse)),
            ("application/graphql-response+json, application/json", Some(GraphQlResponse)),
            ("application/json, application/graphql-response+json", Some(Json)),
            ("application/json;q=0.9, application/graphql-response+json", Some(GraphQlResponse)),
            ("application/graphql-response+json;q=0.1, application/json;q=0.11", Some(Json)),
            ("multipart/mixed;deferSpec=20220824, application/graphql-response+json", Some(GraphQlResponse)),
            ("text/event-stream", Some(EventStream)),
            ("text/event-stream;q=0.5, */*;q=0.1", Some(EventStream)),
            ("*/*, text/event-stream", Some(EventStream)),
            ("*/*, application/json;q=0", Some(GraphQlResponse)),
            ("application/json;q=0", None),
            ("application/json;q=0.0", None),
            ("application/json;q=2", None),
            ("application/json;q=x", None),
            ("text/html", None),
            ("nonsense", None),
        ] {
            assert_eq!(negotiate([accept]), media, "{accept}");
        }
        assert_eq!(negotiate([]), Some(Json));
        assert_eq!(negotiate(["text/html", "application/json"]), Some(Json));
    }
}
