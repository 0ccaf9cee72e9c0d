//! Cursors of lists. If a cursor is accepted, encoding it again must give a cursor with the same meaning.
#![no_main]

use doorward_server::domain::list::{Cursor, SearchCursor};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Some(cursor) = Cursor::decode(text) {
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
    }
    if let Some(cursor) = SearchCursor::decode(text) {
        assert_eq!(SearchCursor::decode(&cursor.encode()), Some(cursor));
    }
});
