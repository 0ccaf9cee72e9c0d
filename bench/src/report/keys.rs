//! Valid logins while many clients send wrong keys.

use super::{Options, ReportError, ceremonies::judge_memory, installation::Installation, load, results::Results};

/// How many clients send wrong keys.
const SENDERS: u16 = 500;
/// The p99 under wrong keys, as a multiple of the quiet one.
const MOST: f64 = 2.0;

pub(super) async fn measure(options: &Options, results: &mut Results) -> Result<(), ReportError> {
    let small = Installation::small(options).await?;
    let node = small.serve(options)?;
    load::warm_up(options, &small, &node, results).await?;
    let (rate, senders) = (options.rate.to_string(), SENDERS.to_string());
    let seconds = options.duration().as_secs().to_string();
    let arguments =
        ["--clients", "64", "--rate", &rate, "--wrong-keys", &senders, "--duration", &seconds, "--warm-up", "1"];
    let report = load::run(options, &small, &node, &arguments).await?;
    results
        .tell(format_args!("{rate} valid logins a second, quietly and beside {senders} clients with wrong keys; ms"));
    results.tell("                      initialize                    finalize");
    results.tell("            a second       p50      p95      p99       p50      p95      p99  began late");
    for (name, phase) in ["quiet", "wrong keys"].into_iter().zip(&report.phases) {
        let [initialize, finalize] = phase.requests()?;
        results.tell(format_args!(
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
    report.judge_answers(results);
    if let (Some(ratio), Some(pressed)) = (report.p99_ratio_under_wrong_keys, report.phases.last()) {
        results.tell(format_args!("wrong keys were answered: {}", pressed.wrong_key_answers()));
        results.judge(
            format_args!(
                "p99 of the slower request beside wrong keys: {ratio:.2} times the quiet one (at most {MOST:.0})"
            ),
            ratio <= MOST,
        );
        judge_memory("under wrong keys", pressed, results);
    }
    node.end();
    Ok(())
}
