//! What arrives, compared with what others read from the same bytes: Python's codecs, gzip, zlib and dates, and curl.

use std::process::Command;

use serde_json::{Value, json};

use crate::peers;
use crate::support::http;

/// For each charset all its characters that Python and the WHATWG Encoding standard agree on, in one text.
const CHARSETS: &str = r#"
import json
def characters(codec):
    found = []
    for point in list(range(0x20, 0x7f)) + list(range(0xa0, 0x2fff)) + list(range(0x4e00, 0x9fa0, 7)) + list(range(0xac00, 0xd7a4, 11)):
        try:
            encoded = chr(point).encode(codec)
            if encoded.decode(codec) == chr(point): found.append(chr(point))
        except UnicodeError: pass
    return ''.join(found)
for label, codec in [('utf-8', 'utf-8'), ('windows-1250', 'cp1250'), ('windows-1251', 'cp1251'), ('windows-1252', 'cp1252'),
    ('iso-8859-1', 'cp1252'), ('us-ascii', 'ascii'), ('windows-1253', 'cp1253'), ('windows-1254', 'cp1254'), ('windows-1257', 'cp1257'),
    ('iso-8859-2', 'iso8859-2'), ('iso-8859-5', 'iso8859-5'), ('iso-8859-7', 'iso8859-7'), ('iso-8859-15', 'iso8859-15'),
    ('koi8-r', 'koi8-r'), ('ibm866', 'cp866'), ('macintosh', 'mac-roman'), ('utf-16le', 'utf-16-le'), ('utf-16be', 'utf-16-be'),
    ('gbk', 'gbk'), ('euc-kr', 'cp949'), ('big5', 'big5')]:
    text = characters(codec)
    if codec == 'gbk': text = ''.join(c for c in text if c not in '\u20ac')
    if codec == 'big5': text = ''.join(c for c in text if ord(c) < 0x80 or ord(c) >= 0x4e00)
    print(json.dumps({'head': 'Content-Type: text/plain; charset=' + label, 'body': text.encode(codec).hex(), 'text': text}))
"#;

/// Content encodings as Python makes them, in several ways each.
const ENCODINGS: &str = r#"
import gzip, io, json, zlib
def raw(data, level=6):
    coder = zlib.compressobj(level, zlib.DEFLATED, -15); return coder.compress(data) + coder.flush()
def named(data):
    file = io.BytesIO(); coder = gzip.GzipFile('name.json', 'wb', 9, file, 1700000000); coder.write(data); coder.close(); return file.getvalue()
def flushed(data):
    coder = zlib.compressobj(6, zlib.DEFLATED, 31)
    return b''.join(coder.compress(data[i:i+100]) + coder.flush(zlib.Z_SYNC_FLUSH) for i in range(0, len(data), 100)) + coder.flush()
for text in ['{"ok":true}', 'x', 'word ' * 5000, ''.join(chr(33 + i * 7919 % 90) for i in range(20000)), '\u00e9' * 70000]:
    data = text.encode()
    half = len(data) // 2
    for name, body in [('gzip', gzip.compress(data)), ('gzip', gzip.compress(data, 0)), ('gzip', named(data)), ('gzip', flushed(data)),
        ('x-gzip', gzip.compress(data[:half]) + gzip.compress(data[half:])), ('gzip', gzip.compress(data) + bytes(512)),
        ('deflate', zlib.compress(data, 1)), ('deflate', zlib.compress(data, 9)), ('deflate', zlib.compress(data, 0)),
        ('deflate', raw(data)), ('deflate', raw(data, 0)), ('deflate, gzip', gzip.compress(zlib.compress(data))),
        ('gzip, gzip', gzip.compress(gzip.compress(data)))]:
        print(json.dumps({'head': 'Content-Type: text/plain\r\nContent-Encoding: ' + name, 'body': body.hex(), 'text': text}))
"#;

/// Dates of headers in the three forms of HTTP, written by Python, and in the form of mail with any offset; how many seconds
/// one is behind the other.
const DATES: &str = r#"
import json, email.utils, random
from datetime import datetime, timedelta, timezone
random.seed(7)
def imf(at): return email.utils.format_datetime(at, usegmt=True)
def rfc850(at): return at.strftime('%A, %d-%b-%y %H:%M:%S GMT')
def asctime(at): return at.strftime('%a %b ') + '%2d' % at.day + at.strftime(' %H:%M:%S %Y')
def mail(at): return email.utils.format_datetime(at.astimezone(timezone(timedelta(minutes=random.choice([-570, -300, 0, 60, 330, 845])))))
start = datetime(2020, 1, 1, tzinfo=timezone.utc)
moments = [start + timedelta(seconds=random.randrange(20 * 366 * 86400)) for _ in range(20)]
moments += [datetime(2024, 2, 29, 23, 59, 59, tzinfo=timezone.utc), datetime(2026, 12, 31, 23, 59, 59, tzinfo=timezone.utc), datetime(2027, 3, 1, tzinfo=timezone.utc)]
for at in moments:
    delay = random.choice([1, 2, 59, 3600, 86400, 31 * 86400])
    for write in [imf, rfc850, asctime, mail]:
        print(json.dumps({'date': imf(at), 'after': write(at + timedelta(seconds=delay)), 'seconds': delay}))
"#;

#[tokio::test]
async fn dates_of_headers_are_read_as_python_writes_them() {
    let cases = cases(DATES);
    assert_eq!(cases.len(), 92);
    for case in cases {
        let (date, after) = (case["date"].as_str().unwrap(), case["after"].as_str().unwrap());
        let head =
            format!("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nDate: {date}\r\nRetry-After: {after}\r\n\r\n");
        let address = peers::answering(head).await;

        let failure = http(&json!({ "url": format!("http://{address}/") })).await.unwrap_err();

        assert_eq!(failure.retry_after.map(|delay| delay.as_secs()), case["seconds"].as_u64(), "{case}");
    }
}

#[tokio::test]
async fn charsets_are_decoded_as_python_decodes_them() {
    assert_eq!(compare(CHARSETS).await, 21);
}

#[tokio::test]
async fn content_encodings_are_undone_as_python_makes_them() {
    assert_eq!(compare(ENCODINGS).await, 65);
}

/// What curl decodes is the same here. It refuses, or cuts off, what has several members or zeros behind its end, which we
/// read as gzip itself does.
#[tokio::test]
async fn content_encodings_are_undone_as_curl_undoes_them() {
    let mut same = 0;
    for case in cases(ENCODINGS) {
        let url = answering(&case).await;
        let arrived = http(&json!({ "url": url })).await.unwrap();
        let by_curl = tokio::task::spawn_blocking(move || curl(&url)).await.unwrap();

        let is_same = by_curl.is_some_and(|text| arrived["body"] == text);
        let is_beyond_curl = case["body"].as_str().unwrap().matches("1f8b08").count() > 1
            || case["body"].as_str().unwrap().ends_with("00000000000000000000");
        assert!(is_same || is_beyond_curl, "{}", case["head"]);
        same += usize::from(is_same);
    }
    assert!(same >= 55, "{same}");
}

/// Returns what curl makes of a response, unless it refuses it.
fn curl(url: &str) -> Option<String> {
    let arguments = ["--silent", "--noproxy", "*", "--compressed", url];
    let output = Command::new("curl").args(arguments).output().expect("curl is the reference");
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

/// Compares what arrives with the cases of a script, and returns how many there were.
async fn compare(script: &str) -> usize {
    let cases = cases(script);
    for case in &cases {
        let url = answering(case).await;

        let arrived = http(&json!({ "url": url })).await.unwrap();

        assert!(arrived["body"] == case["text"], "{}", case["head"]);
    }
    cases.len()
}

/// Returns the address of a peer that answers as a case says.
async fn answering(case: &Value) -> String {
    let (head, digits) = (case["head"].as_str().unwrap(), case["body"].as_str().unwrap());
    let body: Vec<u8> =
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
    let start = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{head}\r\n\r\n", body.len());
    format!("http://{}/", peers::answering([start.as_bytes(), &body].concat()).await)
}

/// Runs a script that prints cases, one a line.
fn cases(script: &str) -> Vec<Value> {
    let output = Command::new("python3").args(["-c", script]).output().expect("python3 is the reference");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
