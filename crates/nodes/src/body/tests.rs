//! Content encodings, as servers and their mistakes make them.

use reqwest::header::{CONTENT_ENCODING, HeaderValue};

use super::*;

const TEXT: &[u8] = b"{\"ok\":true}";
const BROTLI: &str = "0b05807b226f6b223a747275657d03";
const ZSTD: &str = "28b52ffd04585900007b226f6b223a747275657d6abe13c7";
/// Two frames, as a server makes them that compresses in pieces.
const ZSTD_TWO: &str = "28b52ffd04583100007b226f6b223a2bd3f41428b52ffd0458290000747275657de53abc0f";
/// Brotli in gzip.
const BOTH: &str = "1f8b0800000000000003e3666da856cacf56b22a292a4dad65060020d198ed0f000000";
/// Three million zeros.
const BOMB_BROTLI: &str = "9bbfc62df82700e2b14020cfb705";

#[test]
fn every_encoding_is_undone() {
    let gzip = gzip(TEXT);
    let (zlib, raw) = (zlib(TEXT), deflate(TEXT));
    let skipped = hex("502a4d180300000001020328b52ffd00585900007b226f6b223a747275657d");
    for (names, body) in [
        (&["gzip"][..], gzip.clone()),
        (&["x-gzip"], gzip.clone()),
        (&["GZIP"], gzip.clone()),
        (&["gzip"], [&gzip[..], b"\0\0\0"].concat()),
        (&["gzip"], [self::gzip(&TEXT[..6]), self::gzip(&TEXT[6..])].concat()),
        (&["gzip"], [self::gzip(b""), self::gzip(TEXT), self::gzip(b"")].concat()),
        (&["deflate"], zlib.clone()),
        (&["deflate"], [&zlib[..], b"\0\0"].concat()),
        (&["deflate"], raw),
        (&["br"], hex(BROTLI)),
        (&["zstd"], hex(ZSTD)),
        (&["zstd"], hex(ZSTD_TWO)),
        (&["zstd"], skipped),
        (&["br, gzip"], hex(BOTH)),
        (&["br", "gzip"], hex(BOTH)),
        (&["br,,identity , gzip"], hex(BOTH)),
        (&["identity"], TEXT.to_vec()),
        (&[""], TEXT.to_vec()),
        (&[], TEXT.to_vec()),
    ] {
        assert_eq!(decode(names, body, 100).unwrap(), TEXT, "{names:?}");
    }
}

#[test]
fn an_empty_body_is_empty_in_every_encoding() {
    for name in ["gzip", "deflate", "br", "zstd", "br, gzip"] {
        assert_eq!(decode(&[name], Vec::new(), 100), Ok(Vec::new()), "{name}");
    }
}

#[test]
fn damaged_and_incomplete_bodies_are_found() {
    let gzip = gzip(TEXT);
    let mut flipped = gzip.clone();
    flipped[gzip.len() - 6] ^= 1;
    let mut wrong_sum = hex(ZSTD);
    *wrong_sum.last_mut().unwrap() ^= 1;
    let cut = |body: &[u8]| body[..body.len() - 1].to_vec();
    for (name, body) in [
        ("gzip", cut(&gzip)),
        ("gzip", gzip[..12].to_vec()),
        ("gzip", flipped),
        ("gzip", [&gzip[..], b"more"].concat()),
        ("gzip", TEXT.to_vec()),
        ("deflate", cut(&zlib(TEXT))),
        ("deflate", cut(&deflate(TEXT))),
        ("deflate", vec![0xff; 20]),
        ("deflate", [zlib(TEXT), b"more".to_vec()].concat()),
        ("br", cut(&hex(BROTLI))),
        ("br", vec![0xff; 20]),
        ("zstd", cut(&hex(ZSTD))),
        ("zstd", hex(ZSTD)[..8].to_vec()),
        ("zstd", wrong_sum),
        ("zstd", TEXT.to_vec()),
        ("gzip, gzip", gzip.clone()),
    ] {
        let error = decode(&[name], body.clone(), 100).unwrap_err();

        assert!(matches!(error, CodingError::Broken(_)), "{name} {body:?}: {error:?}");
    }
}

#[test]
fn what_comes_out_is_limited() {
    let zeros = vec![0; 3_000_000];
    for (name, body) in [
        ("gzip", gzip(&zeros)),
        ("gzip", [gzip(&zeros[..600]), gzip(&zeros[..600])].concat()),
        ("deflate", zlib(&zeros)),
        ("deflate", deflate(&zeros)),
        ("br", hex(BOMB_BROTLI)),
        ("gzip, gzip", gzip(&gzip(&zeros))),
    ] {
        assert_eq!(decode(&[name], body.clone(), 1000), Err(CodingError::TooLarge), "{name}");
        let expected = if name == "gzip, gzip" {
            3_000_000
        } else {
            decode(&[name], body.clone(), 3_000_000).unwrap().len()
        };
        assert_eq!(decode(&[name], body, expected).unwrap().len(), expected, "{name}: exactly the limit");
    }
}

/// The header of a frame says its window: 2^(10 + exponent) and eighths of it, five and three bits (RFC 8878, 3.1.1.1.2).
#[test]
fn windows_of_zstd_are_limited() {
    let frame =
        |descriptor: u8| hex(&format!("28b52ffd00{descriptor:02x}590000{}", "7b226f6b223a747275657d"));
    let too_wide = |needed, allowed| Err(CodingError::Window { needed, allowed });
    let mebibyte = 1024 * 1024;
    for (name, descriptor, bytes_max, expected) in [
        ("1 KiB", 0, 100, Ok(TEXT.to_vec())),
        ("8 MiB", 13 << 3, 100, Ok(TEXT.to_vec())),
        ("9 MiB", 13 << 3 | 1, 100, too_wide(9 << 20, 8 << 20)),
        ("9 MiB, as large as the limit", 13 << 3 | 1, 9 * mebibyte, Ok(TEXT.to_vec())),
        ("128 MiB", 17 << 3, 64 * mebibyte, too_wide(128 << 20, 64 << 20)),
        ("2 TiB and more", 31 << 3 | 7, 100, too_wide(15 << 38, 8 << 20)),
    ] {
        assert_eq!(decode(&["zstd"], frame(descriptor), bytes_max), expected, "{name}");
    }
}

/// A frame of one segment says how large its content is, here 1 GiB.
#[test]
fn content_that_zstd_says_is_too_large_is_not_decoded() {
    let body = hex("28b52ffda000000040590000");

    assert_eq!(decode(&["zstd"], body, 100), Err(CodingError::TooLarge));
}

#[test]
fn unknown_encodings_are_named() {
    for (names, unknown) in [
        (&["utf-8"][..], "`utf-8`"),
        (&["gzip, Compress"], "`Compress`"),
        (&["gzip", "exi"], "`exi`"),
        (&["*"], "`*`"),
        (
            &["gzip,gzip,gzip,gzip,gzip,gzip"],
            "has 6 content encodings one over the other; at most 5 are decoded",
        ),
        (&["gzip,br", "deflate,zstd", "br, gzip, x-gzip"], "has 7 content encodings"),
    ] {
        let error = Codings::of(&headers(names)).unwrap_err();

        assert!(error.to_string().contains(unknown), "{error}");
    }
}

#[test]
fn the_beginning_is_decoded_as_far_as_it_goes() {
    let text = "word ".repeat(1000);
    let body = gzip(text.as_bytes());
    let codings = Codings::of(&headers(&["gzip"])).unwrap();

    let beginning = codings.decode_beginning(body[..body.len() - 8].to_vec(), 100);

    assert_eq!(beginning, &text.as_bytes()[..100]);
}

#[test]
fn depth_is_counted_outside_of_strings() {
    let text = format!("[\"{}\\\"[\",{}{}]", "[".repeat(500), "[".repeat(125), "]".repeat(125));

    assert!(!is_too_deep(&text));
    assert!(is_too_deep(&format!("[{text}]")));
}

fn decode(names: &[&'static str], body: Vec<u8>, bytes_max: usize) -> Result<Vec<u8>, CodingError> {
    Codings::of(&headers(names))?.decode(body, bytes_max)
}

fn headers(names: &[&'static str]) -> HeaderMap {
    names.iter().map(|name| (CONTENT_ENCODING, HeaderValue::from_static(name))).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    read(flate2::read::GzEncoder::new(bytes, flate2::Compression::default()))
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    read(flate2::read::ZlibEncoder::new(bytes, flate2::Compression::default()))
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    read(flate2::read::DeflateEncoder::new(bytes, flate2::Compression::default()))
}

fn read(mut source: impl std::io::Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Decodes hexadecimal digits.
fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}
