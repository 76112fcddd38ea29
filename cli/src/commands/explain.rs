//! `fieldrun explain`.

use crate::args::ExplainArgs;
use crate::output::{self, Failure, Outcome};
use fieldrun_lang::{DiagCode, Severity};
use serde_json::json;
use std::process::ExitCode;

pub(crate) fn explain(args: &ExplainArgs) -> Outcome {
    match &args.code {
        Some(text) => {
            let code = DiagCode::find(text).ok_or_else(|| unknown(text))?;
            if args.json {
                output::line(&as_json(code, true).to_string())?;
            } else {
                output::text(code.page())?;
            }
        }
        None => {
            for &code in DiagCode::ALL {
                output::line(&if args.json {
                    as_json(code, false).to_string()
                } else {
                    format!("{code}  {:7}  {}", severity(code), code.title())
                })?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn unknown(text: &str) -> Failure {
    let near = DiagCode::nearest(text);
    let near = near.map(|near| format!("did you mean {near}, \"{}\"? ", near.title()));
    Failure::usage(format!(
        "there is no code {text}\n  {}`fieldrun explain` lists all codes",
        near.unwrap_or_default()
    ))
}

fn severity(code: DiagCode) -> &'static str {
    match code.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Notice => "notice",
    }
}

/// What is known of a code, with its page unless it is one of a list.
fn as_json(code: DiagCode, page: bool) -> serde_json::Value {
    let (name, severity, title) = (code.as_str(), severity(code), code.title());
    if page {
        json!({ "code": name, "severity": severity, "title": title, "page": code.page() })
    } else {
        json!({ "code": name, "severity": severity, "title": title })
    }
}
