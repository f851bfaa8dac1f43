//! The cryptography of encrypted pushes (RFC 8291), by the library that everything else here is encrypted with.
use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::rand;
use ece::crypto::{Cryptographer, EcKeyComponents, LocalKeyPair, RemotePublicKey};
use ece::{Error, Result};
use std::any::Any;

/// What `ece` works with: set once, for it asks for one.
pub(super) struct Aws;

struct Pair {
    private: PrivateKey,
    public: Vec<u8>,
}

struct Remote(Vec<u8>);

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Pair {
    fn of(private: PrivateKey) -> Result<Self> {
        let public = private.compute_public_key().map_err(failed)?.as_ref().to_vec();
        Ok(Self { private, public })
    }
}

/// What went wrong is told nowhere.
fn failed<E>(_: E) -> Error {
    Error::CryptoError
}

impl LocalKeyPair for Pair {
    fn pub_as_raw(&self) -> Result<Vec<u8>> {
        Ok(self.public.clone())
    }
    fn raw_components(&self) -> Result<EcKeyComponents> {
        let private: EcPrivateKeyBin<'_> = self.private.as_be_bytes().map_err(failed)?;
        Ok(EcKeyComponents::new(private.as_ref().to_vec(), self.public.clone()))
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl RemotePublicKey for Remote {
    fn as_raw(&self) -> Result<Vec<u8>> {
        Ok(self.0.clone())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn cipher(key: &[u8]) -> Result<LessSafeKey> {
    Ok(LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key).map_err(failed)?))
}

impl Cryptographer for Aws {
    fn generate_ephemeral_keypair(&self) -> Result<Box<dyn LocalKeyPair>> {
        Ok(Box::new(Pair::of(PrivateKey::generate(&ECDH_P256).map_err(failed)?)?))
    }
    fn import_key_pair(&self, components: &EcKeyComponents) -> Result<Box<dyn LocalKeyPair>> {
        let private = PrivateKey::from_private_key(&ECDH_P256, components.private_key()).map_err(failed)?;
        Ok(Box::new(Pair::of(private)?))
    }
    fn import_public_key(&self, raw: &[u8]) -> Result<Box<dyn RemotePublicKey>> {
        Ok(Box::new(Remote(raw.to_vec())))
    }
    fn compute_ecdh_secret(&self, remote: &dyn RemotePublicKey, local: &dyn LocalKeyPair) -> Result<Vec<u8>> {
        let local = local.as_any().downcast_ref::<Pair>().ok_or(Error::CryptoError)?;
        let remote = UnparsedPublicKey::new(&ECDH_P256, remote.as_raw()?);
        agree(&local.private, remote, Error::CryptoError, |secret| Ok(secret.to_vec()))
    }
    fn hkdf_sha256(&self, salt: &[u8], secret: &[u8], info: &[u8], len: usize) -> Result<Vec<u8>> {
        let (mut made, info) = (vec![0; len], [info]);
        let key = Salt::new(HKDF_SHA256, salt).extract(secret);
        key.expand(&info, Length(len)).and_then(|key| key.fill(&mut made)).map_err(failed)?;
        Ok(made)
    }
    fn aes_gcm_128_encrypt(&self, key: &[u8], iv: &[u8], data: &[u8]) -> Result<Vec<u8>> {
        let (nonce, mut held) = (Nonce::try_assume_unique_for_key(iv).map_err(failed)?, data.to_vec());
        cipher(key)?.seal_in_place_append_tag(nonce, Aad::empty(), &mut held).map_err(failed)?;
        Ok(held)
    }
    fn aes_gcm_128_decrypt(&self, key: &[u8], iv: &[u8], ciphertext_and_tag: &[u8]) -> Result<Vec<u8>> {
        let (nonce, mut held) = (Nonce::try_assume_unique_for_key(iv).map_err(failed)?, ciphertext_and_tag.to_vec());
        Ok(cipher(key)?.open_in_place(nonce, Aad::empty(), &mut held).map_err(failed)?.to_vec())
    }
    fn random_bytes(&self, dest: &mut [u8]) -> Result<()> {
        rand::fill(dest).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 8291, encrypted and opened, as the library itself checks whoever gives it cryptography.
    #[test]
    fn it_is_the_standards() {
        let _ = ece::crypto::set_cryptographer(&Aws);
        ece::crypto::test_cryptographer(Aws);
    }
}
