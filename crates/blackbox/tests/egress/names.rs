//! A name server that answers what a test wants, and something else the next time.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;
const HEADER_BYTES: usize = 12;
/// A message over UDP without extensions.
const MESSAGE_BYTES_MAX: usize = 512;

/// What one question is answered with.
pub(crate) type Records = Vec<Record>;

/// One record. Those behind a `CNAME` belong to the name that it says.
#[derive(Clone, Debug)]
pub(crate) enum Record {
    Cname(&'static str),
    Address(IpAddr),
}

/// The answers for a name and all names below it.
#[derive(Debug)]
pub(crate) struct Zone {
    pub(crate) name: &'static str,
    /// To the first question of a name, to the second, and so on; the last one stays.
    pub(crate) answers: Vec<Records>,
}

/// Returns a zone with these addresses.
pub(crate) fn zone(name: &'static str, addresses: &[&str]) -> Zone {
    changing(name, &[addresses])
}

/// Returns a zone whose names have other addresses each time.
pub(crate) fn changing(name: &'static str, answers: &[&[&str]]) -> Zone {
    let records = |addresses: &&[&str]| addresses.iter().map(|text| Record::Address(address(text))).collect();
    Zone { name, answers: answers.iter().map(records).collect() }
}

/// Returns a zone whose names are another name for `target`.
pub(crate) fn alias(name: &'static str, target: &'static str, addresses: &[&str]) -> Zone {
    let addresses = addresses.iter().map(|text| Record::Address(address(text)));
    Zone { name, answers: vec![std::iter::once(Record::Cname(target)).chain(addresses).collect()] }
}

pub(crate) fn address(text: &str) -> IpAddr {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A running name server, on 127.0.0.1.
pub(crate) struct Names {
    asked: Arc<Mutex<Asked>>,
    task: JoinHandle<()>,
}

/// How often each name was asked for its addresses of a type.
type Asked = HashMap<(String, u16), usize>;

impl Names {
    pub(crate) async fn serve(zones: Vec<Zone>) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 53)).await.expect("the port is free in here");
        let asked = Arc::<Mutex<Asked>>::default();
        let counts = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            let mut message = [0; MESSAGE_BYTES_MAX];
            while let Ok((length, from)) = socket.recv_from(&mut message).await {
                let answer = answer(&message[..length], &zones, &mut counts.lock());
                // A resolver that does not listen any more needs no answer.
                let _ = socket.send_to(&answer.unwrap_or_default(), from).await;
            }
        });
        Self { asked, task }
    }

    /// Returns how often the addresses (IPv4) of `name` were asked for.
    pub(crate) fn asked(&self, name: &str) -> usize {
        self.asked.lock().get(&(name.to_owned(), A)).copied().unwrap_or_default()
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers a question (RFC 1035, 4.1); `None` if it is none.
fn answer(question: &[u8], zones: &[Zone], asked: &mut Asked) -> Option<Vec<u8>> {
    let (name, end) = name_at(question, HEADER_BYTES)?;
    let kind = u16::from_be_bytes([*question.get(end)?, *question.get(end + 1)?]);
    let zone = zones
        .iter()
        .find(|zone| name.strip_suffix(zone.name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
    let count = asked.entry((name.clone(), kind)).or_default();
    *count += 1;
    let records = zone.and_then(|zone| zone.answers.get(*count - 1).or(zone.answers.last()));
    let records = encoded(&name, kind, records.map(Vec::as_slice).unwrap_or_default());

    // A response, with recursion; or that there is no such name.
    let code = if zone.is_some() { [0x81, 0x80] } else { [0x81, 0x83] };
    let count = u16::try_from(records.len()).ok()?.to_be_bytes();
    let mut message = [&question[..2], &code, &[0, 1], &count, &[0; 4]].concat();
    message.extend_from_slice(question.get(HEADER_BYTES..end + 4)?);
    message.extend(records.concat());
    Some(message)
}

/// Reads an uncompressed name, and returns where it ends.
fn name_at(message: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join(".").to_ascii_lowercase(), at));
        }
        labels.push(std::str::from_utf8(message.get(at..at + length)?).ok()?);
        at += length;
    }
}

/// Returns the records that answer a question for `kind`, which nobody may keep.
fn encoded(name: &str, kind: u16, records: &[Record]) -> Vec<Vec<u8>> {
    let mut owner = wire_name(name);
    let mut encoded = Vec::new();
    for record in records {
        let (record_kind, data) = match record {
            Record::Cname(target) => (CNAME, wire_name(target)),
            Record::Address(IpAddr::V4(address)) => (A, address.octets().to_vec()),
            Record::Address(IpAddr::V6(address)) => (AAAA, address.octets().to_vec()),
        };
        if record_kind == kind || record_kind == CNAME {
            let length = u16::try_from(data.len()).expect("records are short");
            let class_and_lifetime: [u8; 6] = [0, 1, 0, 0, 0, 0];
            let head = [&owner[..], &record_kind.to_be_bytes(), &class_and_lifetime, &length.to_be_bytes()];
            encoded.push([&head.concat()[..], &data].concat());
        }
        if record_kind == CNAME {
            owner = data;
        }
    }
    encoded
}

fn wire_name(name: &str) -> Vec<u8> {
    let label = |label: &str| {
        let length = u8::try_from(label.len()).expect("labels are short");
        [&[length], label.as_bytes()].concat()
    };
    name.split('.').map(label).chain([vec![0]]).flatten().collect()
}
