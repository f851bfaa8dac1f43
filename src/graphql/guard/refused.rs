//! Why a document is refused, as it is told to the caller.
use async_graphql::Pos;
use async_graphql::parser::Error;

/// A document that is not executed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It asks for more than a limit allows.
    #[error(transparent)]
    Excess(#[from] Excess),
    /// It is longer than a request may be.
    #[error("the request is larger than {bytes_max} bytes: send less in one request (limit body_bytes_max)")]
    TooLarge {
        /// The most that a request may be, in bytes.
        bytes_max: usize,
    },
    /// It is not GraphQL, or breaks a rule of GraphQL.
    #[error("{message}")]
    Invalid {
        /// What is wrong.
        message: String,
        /// Where, if it is at one place.
        at: Option<Pos>,
    },
}

impl Refused {
    /// The published error code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Excess(_) => "LIMIT_EXCEEDED",
            Self::TooLarge { .. } => "PAYLOAD_TOO_LARGE",
            Self::Invalid { .. } => "BAD_USER_INPUT",
        }
    }

    /// Where in the document, if it is at one place.
    pub fn at(&self) -> Option<Pos> {
        if let Self::Invalid { at, .. } = self { *at } else { None }
    }

    pub(super) fn rule(message: impl Into<String>, at: Option<Pos>) -> Self {
        Self::Invalid { message: message.into(), at }
    }

    pub(super) fn syntax_at(text: &str, offset: usize, reason: &str) -> Self {
        let (before, rest) = text.split_at_checked(offset).unwrap_or((text, ""));
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self::syntax(Pos { line, column }, reason, rest)
    }

    pub(super) fn unparsed(text: &str, error: &Error) -> Self {
        let at = error.positions().next();
        match (error, at) {
            (Error::Syntax { message, .. }, Some(at)) => {
                // The library's message quotes the whole line; only its last line, what was expected, is its own.
                let reason = message.rsplit('\n').next().unwrap_or_default().trim_start_matches([' ', '=']);
                let line = text.split('\n').nth(at.line.saturating_sub(1)).unwrap_or_default();
                let rest =
                    line.char_indices().nth(at.column.saturating_sub(1)).and_then(|(offset, _)| line.get(offset..));
                Self::syntax(at, &brief(reason, 120), rest.unwrap_or_default())
            }
            _ => Self::rule(brief(&error.to_string(), 120), at),
        }
    }

    fn syntax(at: Pos, reason: &str, rest: &str) -> Self {
        let found = brief(rest.lines().next().unwrap_or_default(), 20);
        let message = format!("syntax error at line {}, column {}: {reason}; found `{found}`", at.line, at.column);
        Self::Invalid { message, at: Some(at) }
    }
}

/// The first characters of `text`, for a message.
pub(crate) fn brief(text: &str, chars_max: usize) -> String {
    text.char_indices()
        .nth(chars_max)
        .map_or_else(|| text.to_owned(), |(end, _)| format!("{}…", text.get(..end).unwrap_or_default()))
}

/// A limit that a request goes beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} more than {max}: {} (limit {})", limit.text().1, limit.text().2, limit.text().0)]
pub struct Excess {
    /// Which limit.
    pub limit: Limit,
    /// Its number.
    pub max: usize,
}

impl Excess {
    /// Refuses unless the request is within the limit.
    pub(crate) fn unless(within: bool, limit: Limit, max: usize) -> Result<(), Self> {
        if within { Ok(()) } else { Err(Self { limit, max }) }
    }
}

/// The limits that a request can go beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the field of `Limits` of its name")]
pub enum Limit {
    Tokens,
    Nesting,
    Depth,
    Aliases,
    RootFields,
    Directives,
    Disclosures,
    Complexity,
    Walk,
    Page,
    VariablesNesting,
    IntrospectionFields,
    IntrospectionDepth,
    IntrospectionComplexity,
}

impl Limit {
    pub(super) const fn text(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Tokens => ("tokens_max", "the document's tokens are", "split it into several requests"),
            Self::Nesting => {
                ("nesting_max", "the document's nested levels are", "nest less, or move values to variables")
            }
            Self::Depth => {
                ("depth_max", "the levels of fields are", "ask for the inner objects by id in a second request")
            }
            Self::Aliases => {
                ("aliases_max", "the aliased fields are", "use lists, such as nodes(ids:), or several requests")
            }
            Self::RootFields => ("root_fields_max", "the fields at the root are", "split them over several requests"),
            Self::Disclosures => (
                "one disclose an operation",
                "the fields `disclose` of one operation are",
                "name all handoffs and tiers in one, or send several requests",
            ),
            Self::Directives => ("directives_max", "the document's directives are", "put them on fewer, outer fields"),
            Self::Complexity => (
                "complexity_max",
                "the fields that may be answered are",
                "ask for fewer fields or smaller pages (first)",
            ),
            Self::Walk => (
                "walk_max",
                "the selections and values to check are",
                "spread fewer fragments, or send smaller variables",
            ),
            Self::Page => ("page_max", "the items of one page are", "ask for fewer and follow pageInfo.endCursor"),
            Self::VariablesNesting => {
                ("variables_nesting_max", "the nested levels of a variable are", "send flatter values")
            }
            Self::IntrospectionFields => {
                ("introspection_fields_max", "the fields of introspection are", "read /schema.graphql")
            }
            Self::IntrospectionDepth => {
                ("introspection_depth_max", "the levels of introspection are", "read /schema.graphql")
            }
            Self::IntrospectionComplexity => {
                ("introspection_complexity_max", "the fields that introspection may answer are", "read /schema.graphql")
            }
        }
    }
}
