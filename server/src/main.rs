//! The `doorward` binary.

use std::process::ExitCode;

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // Huge pages more than double the memory of an idle server and do not make it faster. If they cannot be disabled,
    // the server still works.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    doorward_server::cli::main()
}
