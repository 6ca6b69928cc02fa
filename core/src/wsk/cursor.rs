//! Which part of a buffer holds data.

/// The filled part of a buffer: `start..end`. Data is taken at the start and appended at the end.
///
/// # Invariants
/// `start <= end`, and `end` is at most the length that the buffer had at the last append.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    start: usize,
    end: usize,
}

impl Cursor {
    pub(crate) fn start(self) -> usize {
        self.start
    }

    pub(crate) fn end(self) -> usize {
        self.end
    }

    pub(crate) fn len(self) -> usize {
        self.end - self.start
    }

    pub(crate) fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Bytes after the data in a buffer of `capacity` bytes.
    pub(crate) fn room(self, capacity: usize) -> usize {
        capacity.saturating_sub(self.end)
    }

    /// Takes `n` bytes off the start, or all if there are fewer.
    pub(crate) fn consume(&mut self, n: usize) {
        self.start += n.min(self.len());
    }

    /// Adds `n` bytes of a buffer of `capacity` bytes, as far as there is room.
    pub(crate) fn append(&mut self, n: usize, capacity: usize) {
        self.end += n.min(self.room(capacity));
    }

    /// Starts at 0 again if there is no data. Only while nobody writes behind it.
    pub(crate) fn rewind(&mut self) {
        if self.is_empty() {
            *self = Self::default();
        }
    }

    /// Says that the data was moved to the start of the buffer.
    pub(crate) fn moved_to_start(&mut self) {
        self.end = self.len();
        self.start = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_appended_and_taken() {
        let mut cursor = Cursor::default();
        cursor.append(10, 16);
        assert_eq!((cursor.len(), cursor.room(16)), (10, 6));
        cursor.consume(4);
        assert_eq!((cursor.start(), cursor.end()), (4, 10));
        cursor.rewind();
        assert_eq!(cursor.start(), 4, "there is data");
        cursor.moved_to_start();
        assert_eq!((cursor.start(), cursor.end(), cursor.room(16)), (0, 6, 10));
        cursor.consume(6);
        cursor.rewind();
        assert_eq!(cursor, Cursor::default());
    }

    #[test]
    fn more_than_there_is_is_all() {
        let mut cursor = Cursor::default();
        cursor.append(100, 16);
        assert_eq!(cursor.len(), 16);
        cursor.consume(usize::MAX);
        assert!(cursor.is_empty());
        assert_eq!(cursor.room(16), 0, "the end does not move back by itself");
    }
}
