//! `fieldrun ca`.

use crate::args::CaCommand;
use crate::output::{self, Failure, Outcome};
use fieldrun_runtime::ca::{self, Validity};
use std::process::ExitCode;
use std::time::SystemTime;

pub(crate) fn ca(command: CaCommand) -> Outcome {
    let now = SystemTime::now();
    match command {
        CaCommand::Init { cluster, dir, days } => {
            let files =
                ca::init(&dir, &cluster, Validity::days(now, days)).map_err(Failure::usage)?;
            output::line(&format!("authority of cluster {cluster}"))?;
            output::line(&format!(
                "  certificate  {}  (copy it to every node)",
                files.certificate.display()
            ))?;
            output::line(&format!(
                "  key          {}  (keep it secret, and off the nodes)",
                files.key.display()
            ))?;
        }
        CaCommand::Issue { node, service, ca, out, days } => {
            let validity = Validity::days(now, days);
            let files =
                ca::issue(&ca, &out, &node, &service, validity, now).map_err(Failure::usage)?;
            output::line(&format!("node {node}"))?;
            output::line(&format!("  certificate  {}", files.certificate.display()))?;
            output::line(&format!("  key          {}  (keep it secret)", files.key.display()))?;
        }
        CaCommand::Show { file, json } => {
            let info = ca::show(&file, now).map_err(Failure::usage)?;
            if json {
                output::line(&serde_json::to_string(&info).map_err(Failure::failed)?)?;
            } else {
                output::line(&info.to_string())?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
