//! Every bound on what one request may ask, in one place.
//!
//! **Invariant**: no number that bounds a request is written anywhere else.

/// The bounds on one request; each is a setting, and the default is what is published.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// A request's body, or a GET's query string, in bytes.
    pub body_bytes_max: usize,
    /// Tokens of a document.
    pub tokens_max: usize,
    /// Brackets of a document's text open at once; also levels of selection sets, fragments spelled out.
    pub nesting_max: usize,
    /// Fields on the longest path from the root to a leaf.
    pub depth_max: usize,
    /// Aliased fields of the operation, fragments spelled out.
    pub aliases_max: usize,
    /// Fields at the root of the operation, fragments spelled out.
    pub root_fields_max: usize,
    /// Directives written in a document.
    pub directives_max: usize,
    /// The operation's complexity, in fields answered: a field is 1, a connection `first` times its node.
    pub complexity_max: usize,
    /// Selections and variable values that checking the whole document visits, fragments spelled out.
    pub walk_max: usize,
    /// Items of one page.
    pub page_max: usize,
    /// Items of a page when neither `first` nor `last` says how many.
    pub page_default: usize,
    /// Lists and objects of one variable's value open at once.
    pub variables_nesting_max: usize,
    /// A query's or mutation's run, in seconds.
    pub query_seconds: u64,
    /// The wait for a request's body, in seconds.
    pub body_seconds: u64,
    /// Fields under `__schema` and `__type`, fragments spelled out.
    pub introspection_fields_max: usize,
    /// Fields on the longest path under `__schema` or `__type`.
    pub introspection_depth_max: usize,
    /// Introspection's complexity, in fields answered by a schema of the size that `weigh` assumes.
    pub introspection_complexity_max: usize,
    /// Errors listed for one refused document.
    pub errors_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 102_400,
            tokens_max: 2_000,
            nesting_max: 32,
            depth_max: 12,
            aliases_max: 15,
            root_fields_max: 10,
            directives_max: 20,
            complexity_max: 5_000,
            walk_max: 20_000,
            page_max: 100,
            page_default: 25,
            variables_nesting_max: 16,
            query_seconds: 5,
            body_seconds: 10,
            introspection_fields_max: 500,
            introspection_depth_max: 20,
            introspection_complexity_max: 200_000,
            errors_max: 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Limits;

    #[test]
    fn a_setting_keeps_the_other_defaults_and_a_misspelled_one_is_refused() {
        let limits: Limits = serde_json::from_str(r#"{"depth_max": 3}"#).unwrap();
        assert_eq!(limits, Limits { depth_max: 3, ..Limits::default() });
        assert!(serde_json::from_str::<Limits>(r#"{"depht_max": 3}"#).is_err());
    }
}
