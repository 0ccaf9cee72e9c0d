//! Valid logins while many clients send wrong keys.

use super::{Options, ReportError, ceremonies::judge_memory, installation::Installation, load, results::Results};

/// Number of clients that send wrong keys.
const SENDERS: u16 = 500;
/// Target for the p99 with wrong keys, as a multiple of the p99 without.
const MAX_RATIO: f64 = 2.0;

pub(super) async fn measure(options: &Options, results: &mut Results) -> Result<(), ReportError> {
    let small = Installation::small(options).await?;
    let node = small.serve(options)?;
    load::warm_up(options, &small, &node, results).await?;
    let (rate, senders) = (options.rate.to_string(), SENDERS.to_string());
    let seconds = options.duration().as_secs().to_string();
    let arguments =
        ["--clients", "64", "--rate", &rate, "--wrong-keys", &senders, "--duration", &seconds, "--warm-up", "1"];
    let report = load::run(options, &small, &node, &arguments).await?;
    results.print(format_args!(
        "{rate} valid logins per second, without and with {senders} clients that send wrong keys; milliseconds"
    ));
    results.print("                      initialize                    finalize");
    results.print("          per second       p50      p95      p99       p50      p95      p99  late starts");
    for (name, phase) in ["without", "wrong keys"].into_iter().zip(&report.phases) {
        let [initialize, finalize] = phase.requests()?;
        results.print(format_args!(
            "{name:<10}{:>10.0}{:>10.2}{:>9.2}{:>9.2}{:>10.2}{:>9.2}{:>9.2}{:>12}",
            phase.ceremonies_per_second,
            initialize.p50_ms,
            initialize.p95_ms,
            initialize.p99_ms,
            finalize.p50_ms,
            finalize.p95_ms,
            finalize.p99_ms,
            phase.late(),
        ));
    }
    report.judge_responses(results);
    if let (Some(ratio), Some(flooded)) = (report.p99_ratio_under_wrong_keys, report.phases.last()) {
        results.print(format_args!("responses to wrong keys: {}", flooded.wrong_key_responses()));
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
