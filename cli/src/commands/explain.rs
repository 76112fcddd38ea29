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
    Failure::usage(format!(
        "there is no code {text}\n  did you mean {near}, \"{}\"? `fieldrun explain` lists all codes",
        near.title()
    ))
}

fn severity(code: DiagCode) -> &'static str {
    match code.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Notice => "notice",
    }
}

fn as_json(code: DiagCode, page: bool) -> serde_json::Value {
    let mut object =
        json!({ "code": code.as_str(), "severity": severity(code), "title": code.title() });
    if page {
        object["page"] = json!(code.page());
    }
    object
}
