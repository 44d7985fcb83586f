//! One mail: its recipients, and its text as it is sent.

use std::fmt::Write as _;
use std::time::SystemTime;

use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Attachment, Body, Mailbox, Message, MultiPart, SinglePart};
use lettre::{Address, message};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::node::EmailInput;

use super::server::MailServer;

/// Maximum size of a mail as it is sent, in bytes.
pub(crate) const MAIL_BYTES_MAX: usize = 20 * 1024 * 1024;
/// An id that is longer is replaced by its hash: lines of mails have a limit.
const ID_BYTES_MAX: usize = 250;

/// A file of a mail.
pub(crate) struct File {
    pub(crate) filename: String,
    pub(crate) content_type: String,
    pub(crate) content: Vec<u8>,
}

/// A mail that can be sent.
pub(crate) struct Mail {
    pub(super) from: Address,
    /// Everyone who gets it.
    pub(crate) recipients: Vec<Address>,
    /// The same in every attempt, with its brackets.
    pub(crate) message_id: String,
    pub(super) bytes: Vec<u8>,
}

impl Mail {
    /// Writes a mail. Its Message-ID follows from `idempotency_key`.
    ///
    /// # Errors
    /// What cannot be sent, with its key.
    pub(crate) fn new(
        server: &MailServer,
        input: &EmailInput,
        files: Vec<File>,
        idempotency_key: &str,
    ) -> Result<Self, Failure> {
        let from = match &input.from {
            Some(from) => read("/from", from)?,
            None => server.from.clone(),
        };
        if !server.may_send_from(&from.email) {
            let message = format!(
                "/from: mails as from {} are not allowed. Leave `from` out, or let the operator add the address or its \
                 domain to `mail_from_allow`.",
                from.email
            );
            return Err(Failure::new(ErrorClass::Configuration, message));
        }
        let message_id = format!("<{}@{}>", id_of(idempotency_key), from.email.domain());
        let (mut builder, mut recipients) = (Message::builder().from(from.clone()), Vec::new());
        for (key, addresses) in [("to", &input.to), ("cc", &input.cc), ("bcc", &input.bcc)] {
            for (number, address) in addresses.iter().enumerate() {
                let mailbox = read(&format!("/{key}/{number}"), address)?;
                recipients.push(mailbox.email.clone());
                builder = match key {
                    "to" => builder.to(mailbox),
                    "cc" => builder.cc(mailbox),
                    _ => builder,
                };
            }
        }
        recipients.sort();
        recipients.dedup();
        for (number, address) in input.reply_to.iter().enumerate() {
            builder = builder.reply_to(read(&format!("/reply_to/{number}"), address)?);
        }
        let builder =
            builder.subject(&*input.subject).message_id(Some(message_id.clone())).date(SystemTime::now());
        let bytes = written(builder, input, files)?.formatted();
        if bytes.len() > MAIL_BYTES_MAX {
            let message = format!(
                "The mail has {} bytes as it is sent; at most {MAIL_BYTES_MAX} are allowed. Leave out `attachments`, or send a \
                 link to them.",
                bytes.len()
            );
            return Err(invalid(message));
        }
        Ok(Self { from: from.email, recipients, message_id, bytes })
    }
}

fn written(
    builder: message::MessageBuilder,
    input: &EmailInput,
    files: Vec<File>,
) -> Result<Message, Failure> {
    let unwritten = |error: lettre::error::Error| invalid(format!("The mail cannot be written: {error}."));
    let text = in_lines(&input.text);
    let alternatives =
        input.html.as_deref().map(in_lines).map(|html| MultiPart::alternative_plain_html(text.clone(), html));
    if files.is_empty() {
        return match alternatives {
            Some(both) => builder.multipart(both),
            None => builder.singlepart(SinglePart::plain(text)),
        }
        .map_err(unwritten);
    }
    let mut parts = match alternatives {
        Some(both) => MultiPart::mixed().multipart(both),
        None => MultiPart::mixed().singlepart(SinglePart::plain(text)),
    };
    for (number, file) in files.into_iter().enumerate() {
        let content_type = ContentType::parse(&file.content_type).map_err(|_| {
            invalid(format!(
                "/attachments/{number}/content_type: `{}` is not a content type.",
                file.content_type
            ))
        })?;
        // Encoded always: what is in it could end the mail, or have bare ends of lines, which servers refuse.
        let content = Body::new_with_encoding(file.content, ContentTransferEncoding::Base64)
            .map_err(|_| invalid(format!("/attachments/{number}: the content cannot be encoded.")))?;
        parts = parts.singlepart(Attachment::new(file.filename).body(content, content_type));
    }
    builder.multipart(parts).map_err(unwritten)
}

/// Returns a text whose lines all end in the same way: a bare carriage return is the end of a line for some servers.
fn in_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Reads an address that has been checked to be one line.
fn read(pointer: &str, text: &str) -> Result<Mailbox, Failure> {
    mailbox(text).ok_or_else(|| {
        invalid(format!(
            "{pointer}: `{text}` is not an address, such as `ann@example.com` or `Ann Lee <ann@example.com>`."
        ))
    })
}

/// Reads an address. Its domain becomes ASCII, as every server takes it.
pub(super) fn mailbox(text: &str) -> Option<Mailbox> {
    let Mailbox { name, email } = text.trim().parse().ok()?;
    let domain = if email.domain().is_ascii() { email.domain().to_owned() } else { ascii(email.domain())? };
    Some(Mailbox { name, email: Address::new(email.user(), domain).ok()? })
}

/// Returns a domain in ASCII (IDNA), in lower case.
pub(super) fn ascii(domain: &str) -> Option<String> {
    match url::Host::parse(domain).ok()? {
        url::Host::Domain(domain) => Some(domain),
        url::Host::Ipv4(_) | url::Host::Ipv6(_) => None,
    }
}

/// Returns the part of a Message-ID before `@` (RFC 5322, 3.6.4): what cannot be in one is escaped.
fn id_of(idempotency_key: &str) -> String {
    let mut id = String::with_capacity(idempotency_key.len());
    for byte in idempotency_key.bytes() {
        match byte {
            byte if byte.is_ascii_alphanumeric() || b"-_".contains(&byte) => id.push(char::from(byte)),
            b':' => id.push('.'),
            byte => drop(write!(id, "%{byte:02X}")),
        }
    }
    if id.len() <= ID_BYTES_MAX && !id.ends_with('.') && !id.contains("..") {
        return id;
    }
    let hash = <sha2::Sha256 as sha2::Digest>::digest(idempotency_key.as_bytes());
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn invalid(message: String) -> Failure {
    Failure::new(ErrorClass::Validation, message)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_mail_has_its_headers_and_text_encoded() {
        let mail = mail(&json!({
            "to": "Jörg Müller <joerg@müller.example>", "cc": ["b@x.example"], "bcc": ["c@x.example", "b@x.example"],
            "reply_to": "d@x.example", "subject": "Rechnung für Jörg", "text": "Größe: 5 €",
        }))
        .unwrap();

        let text = String::from_utf8(mail.bytes).unwrap();
        let recipients: Vec<String> = mail.recipients.iter().map(ToString::to_string).collect();
        assert_eq!(recipients, ["b@x.example", "c@x.example", "joerg@xn--mller-kva.example"]);
        assert!(
            text.is_ascii() && !text.to_lowercase().contains("bcc") && !text.contains("c@x.example"),
            "{text}"
        );
        assert!(text.contains("From: Flows <flows@x.example>\r\n"), "{text}");
        assert!(text.contains("Message-ID: <e.n@x.example>\r\n"), "{text}");
        assert!(text.contains("Subject: Rechnung =?utf-8?b?"), "{text}");
    }

    #[test]
    fn files_keep_their_names_and_bytes() {
        let input = json!({ "to": "a@x.example", "subject": "s", "text": "t", "html": "<b>t</b>" });
        let input = EmailInput::read(&input).unwrap();
        let file = File {
            filename: "a.csv".to_owned(),
            content_type: "text/csv".to_owned(),
            content: b"x,y\r\n".to_vec(),
        };

        let mail = Mail::new(&server(), &input, vec![file], "e:n").unwrap();

        let text = String::from_utf8(mail.bytes).unwrap();
        for part in
            ["multipart/mixed", "multipart/alternative", "text/html", "filename=\"a.csv\"", "text/csv"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_refused_with_its_key() {
        for (key, value, said) in [
            ("to", json!("a@x.example\r\nBcc: evil@x.example"), "/to"),
            ("to", json!([]), "/to"),
            ("to", json!(["a@x.example", "b"]), "/to/1"),
            ("to", json!("a b@x.example"), "/to/0"),
            ("to", json!(vec!["a@x.example"; 101]), "101 recipients"),
            ("cc", json!("Ann <a@x.example"), "/cc/0"),
            ("reply_to", json!("a@b@c.example"), "/reply_to/0"),
            ("subject", json!("a\nBcc: evil@x.example"), "/subject"),
            ("subject", json!("x".repeat(501)), "/subject"),
            ("text", json!(null), "/text"),
            ("from", json!("a@x.example\n"), "/from"),
            ("from", json!("evil@y.example"), "mail_from_allow"),
            ("text", json!("x".repeat(MAIL_BYTES_MAX)), "bytes as it is sent"),
            ("attachments", json!([{ "filename": "a\nb", "content": "" }]), "/attachments/0/filename"),
            ("attachments", json!([{ "content": "" }]), "`filename`"),
            ("sender", json!("x"), "`sender`"),
        ] {
            let mut input = json!({ "to": "a@x.example", "subject": "s", "text": "t" });
            input[key] = value;

            let failure = mail(&input).err().unwrap_or_else(|| panic!("{key} is sent"));

            assert!(failure.message.contains(said), "{key}: {}", failure.message);
        }
    }

    #[test]
    fn every_key_is_a_message_id_of_its_own() {
        assert_eq!(id_of("018f:send:3"), "018f.send.3");
        assert_eq!(id_of("018f:sénd it.now"), "018f.s%C3%A9nd%20it%2Enow");
        assert_ne!(id_of(&format!("e:{}", "x".repeat(400))), id_of(&format!("e:{}", "x".repeat(401))));
        assert_eq!(id_of("e::").len(), 64);
    }

    fn mail(input: &Value) -> Result<Mail, Failure> {
        Mail::new(&server(), &EmailInput::read(input)?, Vec::new(), "e:n")
    }

    fn server() -> MailServer {
        MailServer::parse("smtp://127.0.0.1?tls=none", "Flows <flows@x.example>", &[]).unwrap()
    }
}
