//! Writes protobuf: field after field into one buffer, with nothing between an event and its bytes. The bytes are those that the generated
//! messages would write: fields by their number, and none that says nothing.

use prost::{
    Message,
    encoding::{encode_varint, encoded_len_varint},
};

/// How a field's value stands in the bytes.
#[derive(Clone, Copy)]
enum Wire {
    Varint = 0,
    Fixed64 = 1,
    Delimited = 2,
}

/// Writes the fields of one message.
pub(super) struct Pen<'a>(&'a mut Vec<u8>);

impl<'a> Pen<'a> {
    pub(super) fn new(bytes: &'a mut Vec<u8>) -> Self {
        Self(bytes)
    }

    fn key(&mut self, field: u32, wire: Wire) {
        encode_varint(u64::from(field << 3 | wire as u32), self.0);
    }

    /// A number; 0 says nothing.
    pub(super) fn number(&mut self, field: u32, number: impl Into<u64>) {
        let number = number.into();
        if number != 0 {
            self.set(field, Some(number));
        }
    }

    /// A number that may be 0 and may not be there, or is the one that was chosen of several fields.
    pub(super) fn set(&mut self, field: u32, number: Option<impl Into<u64>>) {
        if let Some(number) = number {
            self.key(field, Wire::Varint);
            encode_varint(number.into(), self.0);
        }
    }

    /// A choice of an enum, by its number.
    pub(super) fn choice(&mut self, field: u32, choice: impl Into<i32>) {
        self.number(field, u64::from(choice.into().unsigned_abs()));
    }

    /// A number in eight bytes, that may not be there.
    pub(super) fn fixed(&mut self, field: u32, number: Option<u64>) {
        if let Some(number) = number {
            self.key(field, Wire::Fixed64);
            self.0.extend_from_slice(&number.to_le_bytes());
        }
    }

    /// A text; an empty one says nothing.
    pub(super) fn text(&mut self, field: u32, text: &str) {
        self.set_text(field, Some(text).filter(|it| !it.is_empty()));
    }

    /// A text that may be empty and may not be there, or is the one that was chosen of several fields.
    pub(super) fn set_text(&mut self, field: u32, text: Option<&str>) {
        if let Some(text) = text {
            self.key(field, Wire::Delimited);
            encode_varint(text.len() as u64, self.0);
            self.0.extend_from_slice(text.as_bytes());
        }
    }

    /// A list of numbers; an empty one says nothing.
    pub(super) fn list(&mut self, field: u32, numbers: impl ExactSizeIterator<Item = impl Into<u64>>) {
        if numbers.len() > 0 {
            self.message(field, |pen| numbers.for_each(|it| encode_varint(it.into(), pen.0)));
        }
    }

    /// A message inside the message, be it empty. Its length stands before it and is known behind it: most are so short that one byte says it.
    pub(super) fn message(&mut self, field: u32, write: impl FnOnce(&mut Pen<'_>)) {
        self.key(field, Wire::Delimited);
        let start = self.0.len() + 1;
        self.0.push(0);
        write(&mut Pen(self.0));
        let (end, length) = (self.0.len(), (self.0.len() - start) as u64);
        let more = encoded_len_varint(length) - 1;
        self.0.resize(end + more, 0);
        self.0.copy_within(start..end, start + more);
        encode_varint(length, &mut &mut self.0[start - 1..start + more]);
    }

    /// A generated message inside the message.
    pub(super) fn generated(&mut self, field: u32, message: &impl Message) {
        self.key(field, Wire::Delimited);
        encode_varint(message.encoded_len() as u64, self.0);
        message.encode_raw(self.0);
    }
}
