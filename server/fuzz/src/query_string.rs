//! Query strings of lists and audit logs.
#![no_main]

use doorward_server::http::{Query, handlers::audit_filter, pages};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let query = Query::parse(text);
    if let Ok(filter) = audit_filter::read(&query) {
        let _ = (filter.accepted_kinds(), filter.request_time(), filter.examines_values());
    }
    let _ = (pages::request(&query), pages::by_time(&query), pages::order(&query, "order"));
});
