//! The keys that a provider signs with (RFC 7517), and what each of them can verify.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::Value;
use steadflow_core::json;

use super::discovery::text;

/// A key that is not known makes the keys be read again, no sooner than so long after the last time.
pub const KEYS_READ_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// How many keys a provider has at most.
const KEYS_MAX: usize = 100;

/// How a token is signed. There is none without a signature, and none with a key that both sides know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    pub(super) fn read(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "PS256" => Self::Ps256,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "EdDSA" | "Ed25519" => Self::EdDsa,
            _ => return None,
        })
    }
}

/// A key with which signatures are verified.
#[derive(Clone, Debug)]
struct Jwk {
    id: Option<String>,
    /// The only algorithm that it is for, where it says one.
    algorithm: Option<Algorithm>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// The keys of a provider.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jwks(Vec<Jwk>);

/// Why a signature is none of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotSigned {
    /// There is no such key, or it is not for that algorithm.
    NoKey,
    /// The signature is another one.
    Wrong,
}

impl Jwks {
    /// Reads the keys that a provider has published. What is of no use here is left out.
    ///
    /// # Errors
    /// What is wrong, in words that follow the name of the provider.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let document = json::read(body).map_err(|error| format!("has keys that are no JSON: {error}"))?;
        let keys = document.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or_else(|| "has no list of keys".to_owned())?;
        if keys.len() > KEYS_MAX {
            return Err(format!("has more than {KEYS_MAX} keys"));
        }
        Ok(Self(keys.iter().filter_map(Jwk::read).collect()))
    }

    /// Returns whether a key has that id or, without one, whether there is one that could be meant.
    pub(super) fn has(&self, id: Option<&str>, algorithm: Algorithm) -> bool {
        self.find(id, algorithm).is_some()
    }

    /// Returns the key with an id. Without one, it is the only key for that algorithm.
    fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&Jwk> {
        let is_meant =
            |key: &&Jwk| id.is_none_or(|id| key.id.as_deref() == Some(id)) && key.is_for(algorithm);
        let mut meant = self.0.iter().filter(is_meant);
        let key = meant.next()?;
        meant.next().is_none().then_some(key)
    }

    /// Verifies a signature.
    pub(super) fn verify(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), NotSigned> {
        let key = self.find(id, algorithm).ok_or(NotSigned::NoKey)?;
        key.verify(algorithm, signed, signature)
    }
}

impl Jwk {
    fn read(key: &Value) -> Option<Self> {
        // A key to encrypt to signs nothing.
        if text(key, "use").is_some_and(|used| used != "sig") {
            return None;
        }
        let algorithm = match text(key, "alg") {
            Some(name) => Some(Algorithm::read(name)?),
            None => None,
        };
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(key, name)?).ok();
        let material = match (text(key, "kty")?, text(key, "crv")) {
            ("RSA", None) => Material::Rsa { n: number(bytes("n")?), e: number(bytes("e")?) },
            ("EC", Some("P-256")) => Material::P256(point(&bytes("x")?, &bytes("y")?, 32)?),
            ("EC", Some("P-384")) => Material::P384(point(&bytes("x")?, &bytes("y")?, 48)?),
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes("x")?),
            _ => return None,
        };
        Some(Self { id: text(key, "kid").map(str::to_owned), algorithm, material })
    }

    /// Returns whether it is for that algorithm: what the token says does not make a key another one.
    fn is_for(&self, algorithm: Algorithm) -> bool {
        let fits = match &self.material {
            Material::Rsa { .. } => matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256),
            Material::P256(_) => algorithm == Algorithm::Es256,
            Material::P384(_) => algorithm == Algorithm::Es384,
            Material::Ed25519(_) => algorithm == Algorithm::EdDsa,
        };
        fits && self.algorithm.is_none_or(|only| only == algorithm)
    }

    fn verify(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> Result<(), NotSigned> {
        let verified = match &self.material {
            Material::Rsa { n, e } => {
                let parameters = if algorithm == Algorithm::Ps256 {
                    &RSA_PSS_2048_8192_SHA256
                } else {
                    &RSA_PKCS1_2048_8192_SHA256
                };
                RsaPublicKeyComponents { n, e }.verify(parameters, signed, signature)
            }
            Material::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature)
            }
            Material::P384(point) => {
                UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point).verify(signed, signature)
            }
            Material::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(signed, signature),
        };
        verified.map_err(|_| NotSigned::Wrong)
    }
}

/// Returns a number without the zeros before it.
fn number(bytes: Vec<u8>) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes[zeros..].to_vec()
}

/// Returns a point of a curve, uncompressed.
fn point(x: &[u8], y: &[u8], length: usize) -> Option<Vec<u8>> {
    (x.len() == length && y.len() == length).then(|| [&[4], x, y].concat())
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
    use serde_json::json;

    use super::*;

    fn encoded(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    #[test]
    fn a_key_verifies_what_it_is_for_and_nothing_else() {
        let random = SystemRandom::new();
        let kind = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(kind, pkcs8.as_ref(), &random).unwrap();
        let point = pair.public_key().as_ref();
        let signature = pair.sign(&random, b"signed").unwrap();
        let ed =
            Ed25519KeyPair::from_pkcs8(Ed25519KeyPair::generate_pkcs8(&random).unwrap().as_ref()).unwrap();
        let ec = |more: Value| {
            let mut key = json!({ "kty": "EC", "crv": "P-256", "kid": "a", "x": encoded(&point[1..33]), "y": encoded(&point[33..]) });
            for (name, value) in more.as_object().unwrap() {
                key[name] = value.clone();
            }
            key
        };
        let okp =
            json!({ "kty": "OKP", "crv": "Ed25519", "kid": "b", "x": encoded(ed.public_key().as_ref()) });
        let keys = |keys: &[Value]| Jwks::read(json!({ "keys": keys }).to_string().as_bytes()).unwrap();
        let verify = |keys: &Jwks, id, algorithm| keys.verify(id, algorithm, b"signed", signature.as_ref());

        let both = keys(&[ec(json!({})), okp.clone()]);
        assert_eq!(verify(&both, Some("a"), Algorithm::Es256), Ok(()));
        assert_eq!(verify(&both, None, Algorithm::Es256), Ok(()), "it is the only one for that");
        assert_eq!(verify(&both, Some("b"), Algorithm::Es256), Err(NotSigned::NoKey), "another kind of key");
        assert_eq!(verify(&both, Some("a"), Algorithm::Rs256), Err(NotSigned::NoKey));
        assert_eq!(verify(&both, Some("c"), Algorithm::Es256), Err(NotSigned::NoKey));
        assert_eq!(
            both.verify(Some("a"), Algorithm::Es256, b"other", signature.as_ref()),
            Err(NotSigned::Wrong)
        );
        assert_eq!(both.verify(Some("b"), Algorithm::EdDsa, b"signed", ed.sign(b"signed").as_ref()), Ok(()));
        let unclear = keys(&[ec(json!({})), ec(json!({ "kid": "c" }))]);
        assert_eq!(verify(&unclear, None, Algorithm::Es256), Err(NotSigned::NoKey), "which one, nobody says");
        for other in [
            json!({ "use": "enc" }),
            json!({ "alg": "ES384" }),
            json!({ "alg": "none" }),
            json!({ "crv": "P-384" }),
        ] {
            let keys = keys(&[ec(other.clone())]);
            assert_eq!(verify(&keys, Some("a"), Algorithm::Es256), Err(NotSigned::NoKey), "{other}");
        }
    }

    /// A key of `openssl genpkey -algorithm RSA`, and what `openssl dgst -sha256 -sign` has made of `signed`, without and with `-sigopt
    /// rsa_padding_mode:pss`.
    const MODULUS: &str = "uGgRMFZRN2VDA6RefKbkU6QguOK9nZ8bzE40oMc8B0Njpb7IrLCFnWV0n_YvmW05pnV_GxdgkynDWY22lENwoQU335u123iK6yce\
        OUPTenzUFFzzTdgerfpX9-M7c1cWDnti2aEkuedSzEc0luLJKiBxjk_S7_EjoBhwwsH-eWFAB3iPFNleT9twvFlgQohSTJROu22D\
        uA_67p52lgB1tL6U0rb-p8OBYJzcl6U-LRJAQdgDMA5ADTzWq-Yd0mIFK7uzm0TFyzFtW-vrx6195Qqgb6qNmY5GBcY7Wu_1gLH-\
        J9v8Go-yHoXzF5-FCFVR6oN-E5aklCA0lNS-75HGWw";
    const RS256: &str = "in_K4jsxJZuFPivX4mlpvckYC1g4kHixQPOAG9LGRwXrrVitKrMlidHh9CYWGLDVumlbGbx3UNeMqhwIUrgiSF6xVgF99QuudFmD\
        -86Ex-QBFVCCPl6BXsO1yaCqIsnCA3yn98dzSt67FDXoDs1wznHD8O5alvhw35_EXRZ6VtArG62YRnYLyANQbvmBn5mPx8wBBm_2\
        2EOwGZzGrTK7pb10hI_DT_LLRuPa3uURGpxY3-7tr3YTY8ayK1Cgc61fJv6vU78lZR9uDpGx5APzM9tWWytBacwTB4ob2APsAzET\
        cInwMuCtAem7Y4qXPaDepq7LriQVx5vC0OU9Do6CNw";
    const PS256: &str = "d2Kub1aHKEDEJyRR8UNIsw_F-1jmjqC5cnK36vFS1GjuGdjvCUAZIfwaTNa6m0xjF3XRA93YkmCXOwNB_WGvhh1EqgnJSaR1R6cr\
        nIFN5ezOgbmwj9P25IjtDi5c9GATM5EYSEBRWkohMefZFfwU9obSZYsMPXQWk28AwYla-T7Qm2vV0bcolryzTotV6S_3CrgzaScq\
        xUlOcjDJHig-2abQD-n-oOoEB-Y54cN08vlY74fNBsDMDUyQPLECbH-EdxTFy_WurUgOSEQtwj2ZZxc5fYCmH_OGXWKBHePOguhY\
        N9ZnYQBqoHEH9o65zquT_GaPxGMvXnf4wptufrDwrQ";

    #[test]
    fn signatures_of_others_are_verified() {
        let key = |more: Value| json!({ "kty": "RSA", "n": MODULUS, "e": "AQAB", "alg": more });
        let keys = |key: Value| Jwks::read(json!({ "keys": [key] }).to_string().as_bytes()).unwrap();
        let verify = |keys: &Jwks, algorithm, signature| {
            keys.verify(None, algorithm, b"signed", &URL_SAFE_NO_PAD.decode(signature).unwrap())
        };
        let any = keys(key(Value::Null));

        assert_eq!(verify(&any, Algorithm::Rs256, RS256), Ok(()));
        assert_eq!(verify(&any, Algorithm::Ps256, PS256), Ok(()));
        assert_eq!(verify(&any, Algorithm::Ps256, RS256), Err(NotSigned::Wrong));
        assert_eq!(verify(&any, Algorithm::Es256, RS256), Err(NotSigned::NoKey));
        let only = keys(key(json!("PS256")));
        assert_eq!(verify(&only, Algorithm::Rs256, RS256), Err(NotSigned::NoKey), "it is for another one");
        let short = json!({ "kty": "RSA", "n": &MODULUS[..172], "e": "AQAB" });
        assert_eq!(verify(&keys(short), Algorithm::Rs256, RS256), Err(NotSigned::Wrong), "it has 1,032 bits");
    }

    #[test]
    fn algorithms_are_those_of_signatures() {
        for none in ["none", "None", "HS256", "HS512", "RS1", "RSA-OAEP", "dir", "ES256K", "rs256", ""] {
            assert_eq!(Algorithm::read(none), None, "{none}");
        }
    }

    #[test]
    fn too_many_keys_and_what_is_no_list_are_refused() {
        let many = json!({ "keys": vec![json!({}); KEYS_MAX + 1] }).to_string();
        for body in [&*many, "{}", "[]", "{\"keys\":{}}", "x"] {
            assert!(Jwks::read(body.as_bytes()).is_err());
        }
    }
}
