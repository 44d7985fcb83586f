//! Public keys as devices write them: COSE (RFC 9053) in CBOR (RFC 8949), of which these need a map of numbers and bytes.

use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};

use super::PasskeyReason;

/// Entries of a key at most.
const ENTRIES_MAX: u64 = 16;

/// A key that signatures are verified with.
#[derive(Debug)]
pub(super) enum PublicKey {
    Es256(Vec<u8>),
    Ed25519(Vec<u8>),
    Rs256 { n: Vec<u8>, e: Vec<u8> },
}

/// A value of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item<'a> {
    Number(i64),
    Bytes(&'a [u8]),
}

impl PublicKey {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, PasskeyReason> {
        let (entries, rest) = map(bytes).ok_or(PasskeyReason::Malformed)?;
        if !rest.is_empty() {
            return Err(PasskeyReason::Malformed);
        }
        let item = |label: i64| entries.iter().find(|(known, _)| *known == label).map(|(_, item)| *item);
        let bytes = |label: i64| match item(label) {
            Some(Item::Bytes(bytes)) => Ok(bytes),
            Some(Item::Number(_)) | None => Err(PasskeyReason::Malformed),
        };
        let number = |label: i64| match item(label) {
            Some(Item::Number(number)) => Some(number),
            Some(Item::Bytes(_)) | None => None,
        };
        // The kind of the key, the algorithm and the curve.
        match (number(1), number(3), number(-1)) {
            (Some(2), Some(-7), Some(1)) => {
                let (x, y) = (bytes(-2)?, bytes(-3)?);
                let is_point = x.len() == 32 && y.len() == 32;
                if is_point { Ok(Self::Es256([&[4], x, y].concat())) } else { Err(PasskeyReason::Malformed) }
            }
            (Some(1), Some(-8), Some(6)) => Ok(Self::Ed25519(bytes(-2)?.to_vec())),
            (Some(3), Some(-257), None) => Ok(Self::Rs256 { n: bytes(-1)?.to_vec(), e: bytes(-2)?.to_vec() }),
            _ => Err(PasskeyReason::Algorithm),
        }
    }

    pub(super) fn verify(&self, signed: &[u8], signature: &[u8]) -> Result<(), PasskeyReason> {
        let verified = match self {
            Self::Es256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(signed, signature)
            }
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(signed, signature),
            Self::Rs256 { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
            }
        };
        verified.map_err(|_| PasskeyReason::Signature)
    }
}

/// Returns the bytes of a key, behind which extensions may stand.
pub(super) fn first_value(bytes: &[u8]) -> Result<&[u8], PasskeyReason> {
    let (_, rest) = map(bytes).ok_or(PasskeyReason::Malformed)?;
    Ok(&bytes[..bytes.len() - rest.len()])
}

type Entries<'a> = Vec<(i64, Item<'a>)>;

/// Reads a map of numbers, without two of the same.
fn map(bytes: &[u8]) -> Option<(Entries<'_>, &[u8])> {
    let (5, count, mut rest) = head(bytes)? else { return None };
    if count > ENTRIES_MAX {
        return None;
    }
    let mut entries: Entries<'_> = Vec::new();
    for _ in 0..count {
        let (Item::Number(label), after) = item(rest)? else { return None };
        let (value, after) = item(after)?;
        if entries.iter().any(|(known, _)| *known == label) {
            return None;
        }
        entries.push((label, value));
        rest = after;
    }
    Some((entries, rest))
}

fn item(bytes: &[u8]) -> Option<(Item<'_>, &[u8])> {
    let (kind, value, rest) = head(bytes)?;
    let number = i64::try_from(value).ok();
    match kind {
        0 => Some((Item::Number(number?), rest)),
        1 => Some((Item::Number(-1 - number?), rest)),
        2 => rest
            .split_at_checked(usize::try_from(value).ok()?)
            .map(|(bytes, rest)| (Item::Bytes(bytes), rest)),
        _ => None,
    }
}

/// Reads what each value begins with: its kind, and a number.
fn head(bytes: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let length = match first & 0x1f {
        small @ 0..=23 => return Some((first >> 5, u64::from(small), rest)),
        24 => 1,
        25 => 2,
        26 => 4,
        _ => return None,
    };
    let (number, rest) = rest.split_at_checked(length)?;
    let number = number.iter().fold(0, |all, byte| (all << 8) | u64::from(*byte));
    Some((first >> 5, number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_and_what_is_none_is_not() {
        let key = [
            &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20][..],
            &[7; 32],
            &[0x22, 0x58, 0x20],
            &[8; 32],
        ]
        .concat();
        assert!(matches!(PublicKey::read(&key), Ok(PublicKey::Es256(point)) if point.len() == 65));
        assert_eq!(first_value(&[&key[..], &[0xa0]].concat()).unwrap(), key);
        for length in 0..key.len() {
            assert!(PublicKey::read(&key[..length]).is_err(), "the first {length} bytes");
        }
        for (place, byte) in
            [(0, 0xa4), (0, 0xbf), (2, 1), (4, 0x27), (6, 2), (9, 0x1f), (9, 0x21), (7, 0x01)]
        {
            let mut other = key.clone();
            other[place] = byte;
            assert!(PublicKey::read(&other).is_err(), "{place} {byte}");
        }
        assert!(PublicKey::read(&[&key[..], &[0]].concat()).is_err());
        assert!(PublicKey::read(&[0xba, 0xff, 0xff, 0xff, 0xff]).is_err(), "more entries than there are");
    }
}
