//! The header `traceparent`. If a header is accepted, the trace has the trace id that the header contains.
#![no_main]

use std::time::Instant;

use doorward_server::{
    clock::{Clock as _, SystemClock},
    traces::Traces,
};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let trace = Traces::default().begin(Some(text), true, SystemClock.now(), Instant::now(), || None);
    if let Some(trace) = trace {
        assert_eq!(Some(&*trace.id()), text.trim().get(3..35));
    }
});
