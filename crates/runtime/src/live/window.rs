//! The latest part of a text that grows.

use parking_lot::Mutex;

use super::Piece;

/// A window grows by so many bytes.
const BLOCK_BYTES: usize = 4 * 1024;

/// The room of all windows, in bytes.
#[derive(Debug)]
pub(super) struct Room {
    free: Mutex<usize>,
}

impl Room {
    pub(super) const fn new(bytes: usize) -> Self {
        Self { free: Mutex::new(bytes) }
    }

    /// Lets what holds `held` bytes grow to `wanted`, or as far as it leaves as much free. Returns what it then holds.
    fn grow(&self, held: usize, wanted: usize) -> usize {
        if wanted <= held {
            return held;
        }
        let mut free = self.free.lock();
        let allowed = wanted.min(usize::midpoint(*free, held)).max(held);
        *free -= allowed - held;
        allowed
    }

    fn put_back(&self, bytes: usize) {
        *self.free.lock() += bytes;
    }

    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        *self.free.lock()
    }
}

/// The latest part of a text.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Which byte of the text it begins with.
    start: u64,
    kept: String,
    /// How many bytes of the room it holds.
    held: usize,
}

impl Window {
    /// Adds a piece, and drops what it has no room for from the beginning: at most `bytes_max` bytes are kept.
    pub(super) fn push(&mut self, piece: &str, bytes_max: usize, room: &Room) {
        let wanted = (self.kept.len() + piece.len()).next_multiple_of(BLOCK_BYTES).min(bytes_max);
        self.held = room.grow(self.held, wanted);
        let too_much = (self.kept.len() + piece.len()).saturating_sub(self.held);
        if too_much > 0 {
            // A quarter at a time, so that what stays is not moved with each piece.
            self.drop_first(too_much.max(self.held / 4));
        }
        let skipped = piece.ceil_char_boundary((self.kept.len() + piece.len()).saturating_sub(self.held));
        if skipped > 0 {
            self.drop_first(self.kept.len());
            self.start += skipped as u64;
        }
        self.kept.reserve_exact(self.held.saturating_sub(self.kept.len()));
        self.kept.push_str(&piece[skipped..]);
    }

    fn drop_first(&mut self, bytes: usize) {
        let bytes = self.kept.ceil_char_boundary(bytes.min(self.kept.len()));
        self.kept.drain(..bytes);
        self.start += bytes as u64;
    }

    /// Returns up to `bytes_max` bytes from byte `offset` on, or from the first one that is kept.
    pub(super) fn read(&self, offset: u64, bytes_max: usize) -> Piece {
        let offset = offset.min(self.start + self.kept.len() as u64);
        let missed = self.start.saturating_sub(offset);
        let from = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(self.kept.len());
        let from = self.kept.ceil_char_boundary(from);
        let until = self.kept.floor_char_boundary(from.saturating_add(bytes_max));
        let text = self.kept.get(from..until).unwrap_or_default().to_owned();
        Piece { missed, offset: self.start + from as u64, text }
    }

    /// Gives its room back.
    pub(super) fn clear(&mut self, room: &Room) {
        room.put_back(std::mem::take(&mut self.held));
        self.kept = String::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 16 * 1024;

    fn read_all(window: &Window, from: u64) -> (u64, String) {
        let (mut at, mut missed, mut all) = (from, 0, String::new());
        loop {
            let piece = window.read(at, 7);
            missed += piece.missed;
            if piece.text.is_empty() {
                return (missed, all);
            }
            assert!(piece.text.len() <= 7 && piece.offset == at + piece.missed);
            at = piece.offset + piece.text.len() as u64;
            all.push_str(&piece.text);
        }
    }

    #[test]
    fn a_text_is_read_on_from_every_offset() {
        let (room, mut window) = (Room::new(1_000_000), Window::default());
        let text = "Grüß dich 🦀, schön";
        text.split_inclusive(' ').for_each(|piece| window.push(piece, MAX, &room));

        for (at, _) in text.char_indices() {
            assert_eq!(read_all(&window, at as u64), (0, text[at..].to_owned()), "from {at}");
        }
        assert_eq!(read_all(&window, text.len() as u64), (0, String::new()));
        assert_eq!(read_all(&window, 1_000), (0, String::new()), "from behind its end");
    }

    #[test]
    fn of_a_long_text_the_latest_part_is_kept_and_what_is_missed_is_counted() {
        for piece in ["word ", "ü🦀", &"long ".repeat(1_000), &"x".repeat(100_000)] {
            let (room, mut window) = (Room::new(1_000_000), Window::default());
            let mut text = String::new();
            while text.len() < 200_000 {
                text.push_str(piece);
                window.push(piece, MAX, &room);
            }

            let (missed, kept) = read_all(&window, 0);

            assert!(kept.len() <= MAX && kept.len() > MAX / 2, "{}", kept.len());
            assert!(window.kept.capacity() <= MAX, "{}", window.kept.capacity());
            assert_eq!(text[usize::try_from(missed).unwrap()..], kept);
        }
    }

    #[test]
    fn a_window_leaves_as_much_free_as_it_holds_and_gives_it_back() {
        let room = Room::new(16 * 1024);
        let mut windows = [Window::default(), Window::default(), Window::default()];
        for window in &mut windows {
            (0..100).for_each(|_| window.push(&"x".repeat(1_000), MAX, &room));
        }

        let held = windows.each_ref().map(|window| window.held);
        assert!(held[0] <= 8 * 1024 && held.iter().all(|held| *held > 1_000), "{held:?}");
        assert_eq!(room.free() + held.iter().sum::<usize>(), 16 * 1024);

        windows.iter_mut().for_each(|window| window.clear(&room));
        assert_eq!(room.free(), 16 * 1024);
    }

    #[test]
    fn without_room_a_text_goes_on_and_is_missed() {
        let (room, mut window) = (Room::new(0), Window::default());

        window.push("Hello", MAX, &room);
        window.push(" you", MAX, &room);

        assert_eq!(window.read(0, 100), Piece { missed: 9, offset: 9, text: String::new() });
    }
}
