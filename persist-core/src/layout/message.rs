//! Text that is built during const evaluation, for the panics of [`check`](super::check).

/// A message of bounded length; what doesn't fit is cut off at a character.
pub(super) struct Message {
    bytes: [u8; Message::CAPACITY],
    len: usize,
}

impl Message {
    const CAPACITY: usize = 2048;

    pub(super) const fn new(text: &str) -> Self {
        let mut message = Self { bytes: [0; Self::CAPACITY], len: 0 };
        message.text(text);
        message
    }

    pub(super) const fn text(&mut self, text: &str) {
        let bytes = text.as_bytes();
        if bytes.len() > Self::CAPACITY - self.len {
            return;
        }
        let mut i = 0;
        while i < bytes.len() {
            self.bytes[self.len] = bytes[i];
            self.len += 1;
            i += 1;
        }
    }

    pub(super) const fn quoted(&mut self, text: &str) {
        self.text("`");
        self.text(text);
        self.text("`");
    }

    pub(super) const fn number(&mut self, number: usize) {
        self.digits(number as u128, 10, 1);
    }

    /// A count with its noun: `1 byte`, `2 bytes`.
    pub(super) const fn bytes(&mut self, count: usize) {
        self.number(count);
        self.text(if count == 1 { " byte" } else { " bytes" });
    }

    pub(super) const fn hex128(&mut self, number: u128) {
        self.text("0x");
        self.digits(number, 16, 32);
    }

    const fn digits(&mut self, mut number: u128, base: u128, min_digits: usize) {
        let mut reversed = [0; 40];
        let mut count = 0;
        while number > 0 || count < min_digits {
            reversed[count] = b"0123456789abcdef"[(number % base) as usize];
            number /= base;
            count += 1;
        }
        while count > 0 && self.len < Self::CAPACITY {
            count -= 1;
            self.bytes[self.len] = reversed[count];
            self.len += 1;
        }
    }

    pub(super) const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "the message was not UTF-8",
        }
    }
}
