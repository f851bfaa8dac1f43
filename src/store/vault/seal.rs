//! Sealing: AES-256-GCM, and what each sealed thing is bound to, so that it opens in its own place alone.
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox};

/// Bytes of a key.
pub(super) const KEY: usize = 32;
/// The form of what is sealed: its first byte.
const FORM: u8 = 1;

/// One key; it is wiped when it is dropped, and has no `Debug`.
pub(in crate::store) type Secret = SecretBox<[u8; KEY]>;

/// A new key; none when the host gives no random bytes.
pub(super) fn random_key() -> Option<Secret> {
    let mut key = Zeroizing::new([0; KEY]);
    rand::fill(&mut *key).ok()?;
    Some(SecretBox::new(Box::new(*key)))
}

/// What something is bound to: words, each with its length before it, so that no two lists of words read the same.
pub(super) fn bound(words: &[&[u8]]) -> Vec<u8> {
    let mut bound = Vec::new();
    for word in words {
        bound.extend_from_slice(&u64::try_from(word.len()).unwrap_or(u64::MAX).to_be_bytes());
        bound.extend_from_slice(word);
    }
    bound
}

/// Seals something under a key, bound to a place; none when the host gives no random bytes.
pub(super) fn close(key: &Secret, bound: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE_LEN];
    rand::fill(&mut nonce).ok()?;
    let mut held = Zeroizing::new(Vec::with_capacity(plain.len() + AES_256_GCM.tag_len()));
    held.extend_from_slice(plain);
    let tag = cipher(key)?
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound), &mut held)
        .ok()?;
    let mut sealed = Vec::with_capacity(1 + NONCE_LEN + held.len() + tag.as_ref().len());
    sealed.push(FORM);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&held);
    sealed.extend_from_slice(tag.as_ref());
    Some(sealed)
}

/// Opens what was sealed under this key for this place; none for anything else.
pub(super) fn open(key: &Secret, bound: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (form, rest) = sealed.split_first()?;
    let (nonce, sealed) = rest.split_at_checked(NONCE_LEN).filter(|_| *form == FORM)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut held = Zeroizing::new(sealed.to_vec());
    let length = cipher(key)?.open_in_place(nonce, Aad::from(bound), &mut held).ok()?.len();
    held.truncate(length);
    Some(held)
}

fn cipher(key: &Secret) -> Option<LessSafeKey> {
    Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.expose_secret()).ok()?))
}
