#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| doorward_server::webauthn::fuzzing::certificate_path(bytes));
