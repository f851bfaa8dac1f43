//! Closed lists: every coded value the hub knows, with its published code and meaning.

/// A closed list of codes: one Rust enum, one published name for each value, one sentence of meaning.
pub trait Coded: Copy + Eq + Send + Sync + 'static {
    /// The list's published name.
    const NAME: &'static str;
    /// What the list is about.
    const DOC: &'static str;
    /// Every value, in published order.
    const ALL: &'static [Self];
    /// The published code.
    fn code(self) -> &'static str;
    /// What the code means.
    fn doc(self) -> &'static str;
    /// The value of a published code.
    fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.code() == code)
    }
}

/// Declares closed lists, each value with its code and its sentence.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $meaning:literal])+ $value:ident $code:literal,)+ })+) => { $(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[doc = $meaning])+ #[serde(rename = $code)] $value,)+ }
        impl $crate::domain::code::Coded for $name {
            const NAME: &'static str = stringify!($name);
            const DOC: &'static str = concat!($($doc),+).trim_ascii();
            const ALL: &'static [Self] = &[$(Self::$value),+];
            fn code(self) -> &'static str { match self { $(Self::$value => $code),+ } }
            fn doc(self) -> &'static str { match self { $(Self::$value => concat!($($meaning),+).trim_ascii()),+ } }
        }
    )+ };
}
pub(crate) use codes;

#[cfg(test)]
mod tests {
    use super::Coded;
    use crate::domain::role::Role;

    #[test]
    fn a_code_reads_back() {
        for role in Role::ALL {
            assert_eq!(Role::from_code(role.code()), Some(*role));
            assert!(role.doc().ends_with('.'), "{} has no sentence", role.code());
        }
        assert_eq!(Role::from_code("officer"), None);
    }
}
