//! Content encodings: gzip, deflate, br and zstd, decoded within a limit that counts what comes out.
//!
//! Bodies are limited to a size that fits in memory, so they are decoded once they are complete: what is missing or left over
//! at the end is found.

use std::fmt;
use std::io::Read;

use flate2::bufread::GzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use ruzstd::decoding::errors::{FrameDecoderError, FrameHeaderError};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use crate::call::header_text;

/// How many encodings one body may have.
const CODINGS_MAX: usize = 5;
/// The largest window of a zstd frame that is decoded where an output may not be larger (RFC 9659, 3).
const ZSTD_WINDOW_BYTES: usize = 8 * 1024 * 1024;
/// In the fifth byte of a zstd frame: its content is its window (RFC 8878, 3.1.1.1.1).
const ZSTD_SINGLE_SEGMENT: u8 = 0x20;
/// The first four bytes of a zstd frame to be skipped (RFC 8878, 3.1.2), the lowest of sixteen.
const ZSTD_SKIPPED: u32 = 0x184D_2A50;

/// The encodings of a body, in the order in which they were applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Codings(Vec<Coding>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// Why a body is not decoded: the end of a sentence that begins with the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CodingError {
    /// Its encoding is unknown; a repetition cannot help.
    Unknown(String),
    /// So many encodings are applied one over the other.
    TooMany(usize),
    /// A zstd frame needs more memory than is allowed, in bytes.
    Window { needed: u64, allowed: u64 },
    /// It is damaged or incomplete.
    Broken(&'static str),
    /// More comes out than is allowed.
    TooLarge,
}

impl fmt::Display for CodingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "has the content encoding `{name}`, which is not supported"),
            Self::TooMany(count) => {
                write!(
                    f,
                    "has {count} content encodings one over the other; at most {CODINGS_MAX} are decoded"
                )
            }
            Self::Window { needed, allowed } => {
                write!(f, "needs a zstd window of {needed} bytes; at most {allowed} are allowed")
            }
            Self::Broken(name) => write!(f, "is not valid {name}: it is damaged or incomplete"),
            Self::TooLarge => f.write_str("is too large"),
        }
    }
}

impl Codings {
    /// Reads `Content-Encoding`; names are taken in any case.
    ///
    /// # Errors
    /// The first name that is unknown, or that there are too many.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, CodingError> {
        let mut codings = Vec::new();
        for value in headers.get_all(CONTENT_ENCODING) {
            for name in header_text(value).split(',').map(str::trim) {
                match name.to_ascii_lowercase().as_str() {
                    "" | "identity" => {}
                    "gzip" | "x-gzip" => codings.push(Coding::Gzip),
                    "deflate" => codings.push(Coding::Deflate),
                    "br" => codings.push(Coding::Brotli),
                    "zstd" => codings.push(Coding::Zstd),
                    _ => return Err(CodingError::Unknown(name.to_owned())),
                }
            }
        }
        if codings.len() > CODINGS_MAX {
            return Err(CodingError::TooMany(codings.len()));
        }
        Ok(Self(codings))
    }

    pub(crate) fn is_identity(&self) -> bool {
        self.0.is_empty()
    }

    /// Decodes a complete body into at most `bytes_max` bytes. An empty body stays empty.
    ///
    /// # Errors
    /// It is damaged, incomplete or too large.
    pub(crate) fn decode(&self, body: Vec<u8>, bytes_max: usize) -> Result<Vec<u8>, CodingError> {
        if body.is_empty() {
            return Ok(body);
        }
        let undo = |body: Vec<u8>, coding: &Coding| {
            let mut output = Output { bytes: Vec::new(), bytes_max };
            coding.decode(&body, &mut output).map(|()| output.bytes)
        };
        self.0.iter().rev().try_fold(body, undo)
    }

    /// Decodes as much of the beginning of a body as is there, at most `bytes_max` bytes.
    pub(crate) fn decode_beginning(&self, body: Vec<u8>, bytes_max: usize) -> Vec<u8> {
        self.0.iter().rev().fold(body, |body, coding| {
            let mut output = Output { bytes: Vec::new(), bytes_max };
            // What came out before the end or the fault is the beginning.
            let _ = coding.decode(&body, &mut output);
            output.bytes
        })
    }
}

/// What has been decoded, within its limit.
struct Output {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl Output {
    /// Reads `source` to its end.
    fn read(&mut self, name: &'static str, source: &mut impl Read) -> Result<(), CodingError> {
        let room = self.bytes_max - self.bytes.len();
        let result = source.take(u64::try_from(room).unwrap_or(u64::MAX) + 1).read_to_end(&mut self.bytes);
        if self.bytes.len() > self.bytes_max {
            self.bytes.truncate(self.bytes_max);
            return Err(CodingError::TooLarge);
        }
        result.map(|_| ()).map_err(|_| CodingError::Broken(name))
    }
}

impl Coding {
    fn decode(self, body: &[u8], output: &mut Output) -> Result<(), CodingError> {
        match self {
            Self::Gzip => gunzip(body, output),
            Self::Deflate => inflate(body, output),
            Self::Brotli => output.read("br", &mut brotli_decompressor::Decompressor::new(body, 4096)),
            Self::Zstd => unzstd(body, output),
        }
    }
}

/// Decodes all members; zeros behind the last are padding (gzip(1)), and anything else is a fault.
fn gunzip(body: &[u8], output: &mut Output) -> Result<(), CodingError> {
    let mut rest = body;
    loop {
        let mut member = GzDecoder::new(rest);
        output.read("gzip", &mut member)?;
        rest = member.into_inner();
        if rest.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
    }
}

/// Decodes zlib's format (RFC 9110, 8.4.1.2), and what some servers send in its place: deflate without its header.
fn inflate(body: &[u8], output: &mut Output) -> Result<(), CodingError> {
    let is_zlib = matches!(body, [first, second, ..]
        if first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0);
    match run_inflate(body, is_zlib, output) {
        Err(CodingError::Broken(_)) if is_zlib => {
            output.bytes.clear();
            run_inflate(body, false, output)
        }
        result => result,
    }
}

fn run_inflate(body: &[u8], is_zlib: bool, output: &mut Output) -> Result<(), CodingError> {
    let broken = CodingError::Broken("deflate");
    let mut state = Decompress::new(is_zlib);
    let mut chunk = vec![0; 32 * 1024];
    loop {
        let (taken, given) = (state.total_in(), state.total_out());
        let from = usize::try_from(taken).unwrap_or(body.len());
        let status = state.decompress(&body[from..], &mut chunk, FlushDecompress::None);
        let length = usize::try_from(state.total_out() - given).unwrap_or_default();
        output.read("deflate", &mut &chunk[..length])?;
        match status {
            Ok(Status::StreamEnd) => {
                let end = usize::try_from(state.total_in()).unwrap_or_default();
                return if body[end..].iter().all(|byte| *byte == 0) { Ok(()) } else { Err(broken) };
            }
            Ok(Status::Ok | Status::BufError) if length > 0 || state.total_in() > taken => {}
            Ok(Status::Ok | Status::BufError) | Err(_) => return Err(broken),
        }
    }
}

/// Decodes all frames.
fn unzstd(body: &[u8], output: &mut Output) -> Result<(), CodingError> {
    let broken = || CodingError::Broken("zstd");
    let mut rest = body;
    while !rest.is_empty() {
        if let Some(behind) = behind_skipped(rest) {
            rest = behind.ok_or_else(broken)?;
            continue;
        }
        let mut frame = zstd_frame(&mut rest, output.bytes_max)?;
        output.read("zstd", &mut frame)?;
        let (said, counted) =
            (frame.decoder.get_checksum_from_data(), frame.decoder.get_calculated_checksum());
        if said.is_some() && said != counted {
            return Err(broken());
        }
    }
    Ok(())
}

/// Reads the header of a frame. Its window is allocated at once, so it is limited.
fn zstd_frame<'r, 'b>(
    rest: &'r mut &'b [u8],
    bytes_max: usize,
) -> Result<StreamingDecoder<&'r mut &'b [u8], FrameDecoder>, CodingError> {
    let is_single = rest.get(4).is_some_and(|descriptor| descriptor & ZSTD_SINGLE_SEGMENT != 0);
    let mut decoder = FrameDecoder::new();
    let allowed = u64::try_from(bytes_max.max(ZSTD_WINDOW_BYTES)).unwrap_or(u64::MAX);
    decoder.set_max_window_size(allowed);
    StreamingDecoder::new_with_decoder(rest, decoder).map_err(|error| {
        let (FrameDecoderError::WindowSizeTooBig { requested: needed, .. }
        | FrameDecoderError::FrameHeaderError(FrameHeaderError::WindowTooBig { got: needed })) = error
        else {
            return CodingError::Broken("zstd");
        };
        if is_single { CodingError::TooLarge } else { CodingError::Window { needed, allowed } }
    })
}

/// Returns what follows a frame to be skipped, if `body` begins with one; inside, `None` where it is cut off.
fn behind_skipped(body: &[u8]) -> Option<Option<&[u8]>> {
    let word = |at: usize| body.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    (word(0)? & !0xf == ZSTD_SKIPPED).then(|| {
        let length = usize::try_from(word(4)?).ok()?;
        body.get(8_usize.checked_add(length)?..)
    })
}
