//! Valid logins while many clients send wrong keys.

use super::{FiguresError, Options, ceremonies::judge_memory, findings::Findings, installation::Installation, load};

/// How many clients send wrong keys.
const SENDERS: u16 = 500;
/// The p99 under wrong keys, as a multiple of the quiet one.
const MOST: f64 = 2.0;

pub(super) async fn measure(options: &Options, findings: &mut Findings) -> Result<(), FiguresError> {
    let small = Installation::small(options).await?;
    let node = small.serve(options)?;
    load::warm_up(options, &small, &node, findings).await?;
    let (rate, senders) = (options.rate.to_string(), SENDERS.to_string());
    let seconds = options.duration().as_secs().to_string();
    let arguments =
        ["--clients", "64", "--rate", &rate, "--wrong-keys", &senders, "--duration", &seconds, "--warm-up", "1"];
    let report = load::run(options, &small, &node, &arguments).await?;
    findings
        .tell(format_args!("{rate} valid logins a second, quietly and beside {senders} clients with wrong keys; ms"));
    findings.tell("                      initialize                    finalize");
    findings.tell("            a second       p50      p95      p99       p50      p95      p99  began late");
    for (name, phase) in ["quiet", "wrong keys"].into_iter().zip(&report.phases) {
        let [initialize, finalize] = phase.requests()?;
        findings.tell(format_args!(
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
    report.judge_answers(findings);
    if let (Some(ratio), Some(pressed)) = (report.p99_ratio_under_wrong_keys, report.phases.last()) {
        findings.tell(format_args!("wrong keys were answered: {}", pressed.wrong_key_answers()));
        findings.judge(
            format_args!(
                "p99 of the slower request beside wrong keys: {ratio:.2} times the quiet one (at most {MOST:.0})"
            ),
            ratio <= MOST,
        );
        judge_memory("under wrong keys", pressed, findings);
    }
    node.end();
    Ok(())
}
