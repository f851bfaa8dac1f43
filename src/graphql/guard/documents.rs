//! Documents that were parsed before, by their text: clients send the same few again and again.
//!
//! **Invariant**: what is kept is bounded in number and in bytes, and only what the guard let pass is kept.
use async_graphql::parser::types::ExecutableDocument;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Most documents that are kept.
const KEPT_MAX: usize = 512;
/// Longest text that is kept, in bytes.
const BYTES_MAX: usize = 8_192;

/// The documents that are kept.
#[derive(Debug, Default)]
pub struct Documents(RwLock<HashMap<Box<str>, Arc<ExecutableDocument>>>);

impl Documents {
    /// The document of a text, if it was parsed before.
    pub(super) fn find(&self, text: &str) -> Option<Arc<ExecutableDocument>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(text).cloned()
    }

    /// Keeps a document. When there are too many, all go: a client's own are back after one request each.
    pub(super) fn keep(&self, text: &str, document: &Arc<ExecutableDocument>) {
        if text.len() > BYTES_MAX {
            return;
        }
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(text.into(), document.clone());
    }
}
