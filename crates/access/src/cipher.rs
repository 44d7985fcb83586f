//! Encrypts the data of executions with the data key of their tenant.
//!
//! The same text of the same execution is encrypted in the same way, so that an execution stays a function of its inputs: the
//! nonce is derived from both with a key of its own. So nothing is known of two texts but whether they are the same.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::sensitive::Cipher;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::sealing::{Key, NONCE_BYTES, Place};

/// A cipher of one tenant.
pub(crate) struct DataCipher {
    key: Uuid,
    tenant: TenantId,
    texts: Key,
    nonces: Key,
}

impl DataCipher {
    /// Derives its keys from a data key.
    pub(crate) fn new(tenant: TenantId, id: Uuid, key: &Key) -> Self {
        let derived = |label: &[u8]| Key::new(Zeroizing::new(mac(key, &[b"steadflow executions\0", label])));
        Self { key: id, tenant, texts: derived(b"texts"), nonces: derived(b"nonces") }
    }

    const fn place(&self, execution: ExecutionId) -> Place<'static> {
        Place::Execution { tenant: self.tenant, execution }
    }
}

impl Cipher for DataCipher {
    fn key(&self) -> Uuid {
        self.key
    }

    fn encrypt(&self, execution: ExecutionId, text: &str) -> String {
        let mac = mac(&self.nonces, &[execution.uuid().as_bytes(), text.as_bytes()]);
        let (nonce, _) = mac.split_first_chunk::<NONCE_BYTES>().expect("a MAC is longer than a nonce");
        BASE64.encode(self.texts.seal_with(&self.place(execution), nonce, text.as_bytes()))
    }

    fn decrypt(&self, execution: ExecutionId, encrypted: &str) -> Option<String> {
        let sealed = BASE64.decode(encrypted).ok()?;
        let text = self.texts.open(&self.place(execution), &sealed)?;
        String::from_utf8(text.to_vec()).ok()
    }
}

impl fmt::Debug for DataCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataCipher").field("key", &self.key).finish_non_exhaustive()
    }
}

fn mac(key: &Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes()).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXECUTION: ExecutionId = ExecutionId::new(Uuid::from_u128(1));

    fn cipher(byte: u8, tenant: u128) -> DataCipher {
        let key = Key::new(Zeroizing::new([byte; 32]));
        DataCipher::new(TenantId::new(Uuid::from_u128(tenant)), Uuid::from_u128(9), &key)
    }

    #[test]
    fn a_text_is_read_by_its_tenant_key_and_execution_alone() {
        let encrypted = cipher(1, 2).encrypt(EXECUTION, "{\"iban\":\"DE89\"}");

        assert_eq!(cipher(1, 2).decrypt(EXECUTION, &encrypted).as_deref(), Some("{\"iban\":\"DE89\"}"));
        assert!(encrypted.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte)));
        let other = ExecutionId::new(Uuid::from_u128(2));
        for read in [
            cipher(1, 3).decrypt(EXECUTION, &encrypted),
            cipher(2, 2).decrypt(EXECUTION, &encrypted),
            cipher(1, 2).decrypt(other, &encrypted),
            cipher(1, 2).decrypt(EXECUTION, &encrypted[1..]),
            cipher(1, 2).decrypt(EXECUTION, "DE89"),
        ] {
            assert_eq!(read, None);
        }
    }

    #[test]
    fn the_same_text_looks_the_same_in_one_execution_only() {
        let cipher = cipher(1, 2);
        let other = ExecutionId::new(Uuid::from_u128(2));

        assert_eq!(cipher.encrypt(EXECUTION, "a"), cipher.encrypt(EXECUTION, "a"));
        assert_ne!(cipher.encrypt(EXECUTION, "a"), cipher.encrypt(other, "a"));
        assert_ne!(cipher.encrypt(EXECUTION, "a"), cipher.encrypt(EXECUTION, "b"));
    }
}
