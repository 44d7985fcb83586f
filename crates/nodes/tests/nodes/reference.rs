//! What arrives, compared with what Python reads from the same bytes: its codecs, and its gzip and zlib.

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

#[tokio::test]
async fn charsets_are_decoded_as_python_decodes_them() {
    assert_eq!(compare(CHARSETS).await, 21);
}

#[tokio::test]
async fn content_encodings_are_undone_as_python_makes_them() {
    assert_eq!(compare(ENCODINGS).await, 65);
}

/// Runs a script that prints cases, one a line, and returns how many there were.
async fn compare(script: &str) -> usize {
    let output = Command::new("python3").args(["-c", script]).output().expect("python3 is the reference");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    for line in lines.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let (head, digits) = (case["head"].as_str().unwrap(), case["body"].as_str().unwrap());
        let body: Vec<u8> = (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
            .collect();
        let start = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{head}\r\n\r\n", body.len());
        let address = peers::answering([start.as_bytes(), &body].concat()).await;

        let arrived = http(&json!({ "url": format!("http://{address}/") })).await.unwrap();

        assert!(arrived["body"] == case["text"], "{head}");
    }
    lines.lines().count()
}
