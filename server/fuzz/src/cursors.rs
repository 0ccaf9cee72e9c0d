//! Cursors of lists. A cursor that is accepted is still accepted, with the same meaning, after it was encoded again.
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
