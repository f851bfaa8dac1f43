//! Trusted documents: the ones in `schema/operations/`, asked for by the hash of their text.
//!
//! **Invariant**: the list is compiled in; no request adds to it.
use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt::Write, sync::LazyLock};

static FILES: Dir = include_dir!("$CARGO_MANIFEST_DIR/schema/operations");
static BY_ID: LazyLock<BTreeMap<String, Operation>> = LazyLock::new(|| {
    let files = FILES.files().filter(|file| file.path().extension().is_some_and(|kind| kind == "graphql"));
    files
        .filter_map(|file| {
            let operation = Operation { name: file.path().file_stem()?.to_str()?, text: file.contents_utf8()? };
            Some((id(operation.text), operation))
        })
        .collect()
});

/// One trusted document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The name of its file, without the extension.
    pub name: &'static str,
    /// Its text, exactly as in the file.
    pub text: &'static str,
}

/// The document of an id.
pub fn find(id: &str) -> Option<Operation> {
    BY_ID.get(id).copied()
}

/// Every trusted document with its id.
pub fn all() -> impl Iterator<Item = (&'static str, Operation)> {
    BY_ID.iter().map(|(id, operation)| (id.as_str(), *operation))
}

/// The id of a document: `sha256:` and the hash of its text in lower-case hexadecimal digits.
pub fn id(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold("sha256:".to_owned(), |mut id, byte| {
        // Writing to a string cannot fail.
        let _ = write!(id, "{byte:02x}");
        id
    })
}

#[cfg(test)]
mod tests {
    use crate::graphql::guard::{self, Documents};
    use crate::graphql::{limits::Limits, operations};
    use async_graphql::Variables;

    #[test]
    fn every_trusted_document_is_found_by_its_id_and_passes_the_guard() {
        assert!(operations::all().any(|(_, operation)| operation.name == "bed_board"));
        for (id, operation) in operations::all() {
            assert_eq!(operations::find(id), Some(operation));
            let checked =
                guard::check(operation.text, None, &Variables::default(), &Limits::default(), &Documents::default());
            assert!(checked.is_ok(), "{}: {checked:?}", operation.name);
        }
        assert_eq!(operations::find("sha256:00"), None);
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(operations::id(""), empty);
    }
}
