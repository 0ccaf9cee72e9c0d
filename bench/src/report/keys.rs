//! Valid logins while many clients send wrong keys.

use super::{
    Options, ReportError,
    installation::Installation,
    logins::{judge_memory, judge_responses, print_heading, print_row, run, warm_up},
    results::Results,
};

/// Number of clients that send wrong keys.
const SENDERS: u16 = 500;
/// Target for the p99 with wrong keys, as a multiple of the p99 without wrong keys.
const MAX_RATIO: f64 = 2.0;

pub(super) async fn measure(options: &Options, results: &mut Results) -> Result<(), ReportError> {
    let small = Installation::small(options).await?;
    let node = small.serve(options)?;
    warm_up(&small, &node, results).await?;
    let (rate, senders, seconds) = (options.rate.to_string(), SENDERS.to_string(), options.duration.to_string());
    let load = ["--clients", "64", "--rate", &rate, "--wrong-keys", &senders, "--duration", &seconds, "--warm-up", "1"];
    let report = run(&small, &node, &load).await?;
    results
        .print(format_args!("{rate} valid logins per second, without and with {senders} clients that send wrong keys"));
    print_heading(results);
    for (name, phase) in ["without", "wrong keys"].into_iter().zip(&report.phases) {
        print_row(name, 64, phase, results)?;
        results.print(format_args!("{name}: {} ceremonies started late", phase.late_starts));
    }
    judge_responses(&report, results);
    if let (Some(ratio), Some(flooded)) = (report.p99_ratio_under_wrong_keys, report.phases.last()) {
        if let Some(wrong_keys) = &flooded.wrong_keys {
            results.print(wrong_keys);
        }
        results.judge(
            format_args!(
                "p99 of the slower request with wrong keys: {ratio:.2} times the p99 without (target: at most {MAX_RATIO:.0})"
            ),
            ratio <= MAX_RATIO,
        );
        judge_memory("with wrong keys", flooded, results);
    }
    node.stop();
    Ok(())
}
