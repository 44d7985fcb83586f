//! The values of records, encrypted where they are stored.

use super::Record;
use crate::ids::ExecutionId;
use crate::payload::Payload;
use crate::sensitive::{Cipher, Undecipherable};

impl Record {
    /// Encrypts all values that it holds.
    pub fn encrypt(&mut self, execution: ExecutionId, cipher: &dyn Cipher) {
        for event in &mut self.2 {
            event.each_value(&mut |_, value| {
                let encrypted = format!("\"{}\"", cipher.encrypt(execution, value.as_str()));
                *value = Payload::parse(encrypted).expect("what is encrypted can stand in a JSON string");
            });
        }
    }

    /// Decrypts all values that it holds.
    ///
    /// # Errors
    /// [`Undecipherable`]; then some of them may be decrypted.
    pub fn decrypt(&mut self, execution: ExecutionId, cipher: &dyn Cipher) -> Result<(), Undecipherable> {
        let mut is_whole = true;
        for event in &mut self.2 {
            event.each_value(&mut |_, value| {
                let encrypted = value.as_str().trim_matches('"');
                let text = cipher.decrypt(execution, encrypted);
                match text.and_then(|text| Payload::parse(text).ok()) {
                    Some(decrypted) => *value = decrypted,
                    None => is_whole = false,
                }
            });
        }
        if is_whole { Ok(()) } else { Err(Undecipherable(self.0)) }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::caller::Actor;
    use crate::event::{Accepted, ChildEnd, Event};
    use crate::execution::ExecutionStatus;
    use crate::ids::{FlowId, NodeIndex, TenantId};
    use crate::inbox::{Signal, StoredSignal, Unreadable};
    use crate::timestamp::Timestamp;

    /// Reverses what it is given: enough to see what is passed to it.
    #[derive(Debug)]
    struct Reversed;

    impl Cipher for Reversed {
        fn key(&self) -> Uuid {
            Uuid::nil()
        }

        fn encrypt(&self, execution: ExecutionId, text: &str) -> String {
            let hex: String = text.bytes().rev().map(|byte| format!("{byte:02x}")).collect();
            format!("{execution}:{hex}")
        }

        fn decrypt(&self, execution: ExecutionId, encrypted: &str) -> Option<String> {
            let hex = encrypted.strip_prefix(&format!("{execution}:"))?;
            let byte = |at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
            let bytes: Option<Vec<u8>> = (0..hex.len()).step_by(2).rev().map(byte).collect();
            String::from_utf8(bytes?).ok()
        }
    }

    #[test]
    fn values_are_encrypted_and_decrypted_for_their_execution() {
        let (own, other) = (ExecutionId::new(Uuid::from_u128(1)), ExecutionId::new(Uuid::from_u128(2)));
        let secret = || Payload::parse("{\"a\": \"canary \\\" é\", \"n\": 1.50}".to_owned()).unwrap();
        let accepted = Accepted {
            trigger_data: secret(),
            ..Accepted::new(TenantId::DEFAULT, FlowId::new(Uuid::nil()), 1, "w".into())
        };
        let completed = Event::NodeCompleted {
            node: NodeIndex(0),
            output: secret(),
            not_taken: Vec::new(),
            usage: None,
            reused: false,
        };
        let record =
            Record(3, Timestamp::from_micros(1), vec![Event::Accepted(Box::new(accepted)), completed]);

        let mut stored = record.clone();
        stored.encrypt(own, &Reversed);
        let text = serde_json::to_string(&stored).unwrap();
        let mut read: Record = serde_json::from_str(&text).unwrap();
        let mut moved = read.clone();

        assert!(!text.contains("canary") && !text.contains("1.50"), "{text}");
        assert_eq!(read.decrypt(own, &Reversed), Ok(()));
        assert_eq!(read, record);
        assert_eq!(moved.decrypt(other, &Reversed), Err(Undecipherable(3)));
    }

    #[test]
    fn a_signal_with_values_is_encrypted_for_its_execution() {
        let (own, other) = (ExecutionId::new(Uuid::from_u128(1)), ExecutionId::new(Uuid::from_u128(2)));
        let result = Payload::parse("\"canary\"".to_owned()).ok();
        let status = ExecutionStatus::Completed;
        let end = ChildEnd { status, result, message: None, class: None };
        let ended = Signal::ChildEnded { node: NodeIndex(1), child: 0, end };
        let pause = Signal::Pause { by: Actor::USER };

        let stored = ended.to_stored(own, Some(&Reversed));
        let StoredSignal::Encrypted(encrypted) = StoredSignal::parse(&stored).unwrap() else {
            panic!("{stored}")
        };

        assert!(!stored.contains("canary"), "{stored}");
        assert_eq!(encrypted.decrypt(own, Some(&Reversed)).unwrap(), ended);
        assert!(matches!(encrypted.decrypt(other, Some(&Reversed)), Err(Unreadable::Changed)));
        assert!(matches!(encrypted.decrypt(own, None), Err(Unreadable::OtherKey(_))));
        for (signal, cipher) in [(&ended, None), (&pause, Some(&Reversed as &dyn Cipher))] {
            let plain = signal.to_stored(own, cipher);
            assert_eq!(StoredSignal::parse(&plain).unwrap(), StoredSignal::Plain(signal.clone()), "{plain}");
        }
    }
}
