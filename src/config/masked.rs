//! Settings as they may be shown: without secrets.
use figment::value::Value;

/// A value as it may be shown: issuers by name alone, addresses without their password.
pub(super) fn masked(name: &str, value: &Value) -> String {
    match (name, value) {
        ("issuers", Value::Array(_, issuers)) => {
            let name = |issuer: &Value| {
                let name = issuer.as_dict().and_then(|issuer| issuer.get("issuer")).and_then(Value::as_str);
                format!("{:?}", name.unwrap_or("?"))
            };
            format!("[{}]", issuers.iter().map(name).collect::<Vec<_>>().join(", "))
        }
        (name, Value::String(..)) if name.ends_with("_secret") => "\"***\"".into(),
        (_, Value::String(_, text)) => format!("{:?}", without_password(text)),
        (_, Value::Num(_, number)) => match (number.to_i128(), number.to_u128(), number.to_f64()) {
            (Some(number), ..) => number.to_string(),
            (_, Some(number), _) => number.to_string(),
            (.., number) => number.unwrap_or_default().to_string(),
        },
        (_, Value::Bool(_, yes)) => yes.to_string(),
        (_, Value::Array(_, items)) => {
            format!("[{}]", items.iter().map(|item| masked("", item)).collect::<Vec<_>>().join(", "))
        }
        _ => "...".into(),
    }
}

/// `scheme://user:***@host/...?password=***`: whatever may stand before the `@`, or is given as a password.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    // A password may hold anything, a slash or a question mark too: the last `@` ends it.
    let shown = match rest.rsplit_once('@') {
        Some((holder, host)) => match holder.split_once(':') {
            Some((user, _)) => format!("{user}:***@{host}"),
            None => format!("{holder}@{host}"),
        },
        None => rest.to_owned(),
    };
    let shown = match shown.split_once('?') {
        Some((address, parameters)) => {
            let each = parameters.split('&').map(|pair| match pair.split_once('=') {
                Some((name, _)) if name.contains("pass") => format!("{name}=***"),
                _ => pair.to_owned(),
            });
            format!("{address}?{}", each.collect::<Vec<_>>().join("&"))
        }
        None => shown,
    };
    format!("{scheme}://{shown}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        for (text, shown) in [
            (
                "postgres://hub:s3:c/r?e@t@db.internal:5432/hub?sslmode=require",
                "postgres://hub:***@db.internal:5432/hub?sslmode=require",
            ),
            ("postgres://hub@db/hub?password=secret&x=1", "postgres://hub@db/hub?password=***&x=1"),
            ("redis://:secret@cache/0", "redis://:***@cache/0"),
            ("sqlite:data/hub.db", "sqlite:data/hub.db"),
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318"),
        ] {
            assert_eq!(without_password(text), shown);
        }
    }
}
