//! `fieldrun ca`.

use crate::args::{CaCommand, RevokeArgs};
use crate::output::{self, Failure, Outcome};
use fieldrun_runtime::ca::{self, CaError, Listing, Standing, Validity, Which};
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

type Printed = Result<(), Failure>;

pub(crate) fn ca(command: CaCommand) -> Outcome {
    let now = SystemTime::now();
    match command {
        CaCommand::Init { cluster, dir, days } => init(&cluster, &dir, Validity::days(now, days)),
        CaCommand::Issue { node, service, ca, out, days } => {
            let validity = Validity::days(now, days);
            let files =
                ca::issue(&ca, &out, &node, &service, validity, now).map_err(Failure::usage)?;
            output::line(&format!("node {node}"))?;
            output::line(&format!("  certificate  {}", files.certificate.display()))?;
            output::line(&format!("  key          {}  (keep it secret)", files.key.display()))
        }
        CaCommand::Renew { file, ca, out, new_key, days } => {
            let validity = Validity::days(now, days);
            let renewed = ca::renew(&ca, &file, out.as_deref(), new_key, validity, now);
            renewal(&renewed.map_err(Failure::usage)?)
        }
        CaCommand::Revoke(args) => revoke(args, now),
        CaCommand::Rotate { ca, finish: true, force, .. } => finish(&ca, force, now),
        CaCommand::Rotate { ca, days, .. } => rotate(&ca, Validity::days(now, days), now),
        CaCommand::List { ca, json } => list(&ca, json, now),
        CaCommand::Show { file, json } => show(&file, json, now),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn init(cluster: &str, dir: &Path, validity: Validity) -> Printed {
    let files = ca::init(dir, cluster, validity).map_err(Failure::usage)?;
    let (certificate, key) = (files.certificate.display(), files.key.display());
    let revoked = dir.join("revoked.pem");
    output::line(&format!("authority of cluster {cluster}"))?;
    output::line(&format!("  certificate  {certificate}  (copy it to every node)"))?;
    output::line(&format!("  revoked      {}  (likewise; empty now)", revoked.display()))?;
    output::line(&format!("  key          {key}  (keep it secret, and off the nodes)"))
}

fn renewal(renewed: &ca::Renewal) -> Printed {
    output::line(&format!("node {}", renewed.node))?;
    output::line(&format!("  certificate  {}", renewed.certificate.display()))?;
    match &renewed.key {
        Some(key) => output::line(&format!("  new key      {}  (keep it secret)", key.display()))?,
        None => output::line("  key          the same as before")?,
    }
    for kept in &renewed.kept {
        output::line(&format!("  kept         {}", kept.display()))?;
    }
    output::line("copy what is new to the node, then there: fieldrun reload -c node.toml")
}

fn revoke(args: RevokeArgs, now: SystemTime) -> Printed {
    let which = match (args.node, args.serial, args.file) {
        (Some(node), ..) => Which::Node(node),
        (_, Some(serial), _) => Which::Serial(serial),
        (.., Some(file)) => Which::File(file),
        (None, None, None) => return Err(Failure::usage("name a node, `--serial` or `--file`")),
    };
    let done = ca::revoke(&args.ca, &which, args.reason.as_deref(), now).map_err(Failure::usage)?;
    if done.revoked.is_empty() {
        output::line(&format!("{which}: revoked already"))?;
    }
    for (node, serial) in &done.revoked {
        output::line(&format!("revoked  {node}  {serial}"))?;
    }
    let list = done.list.display();
    output::line(&format!("copy {list} to every node, then there: fieldrun reload -c node.toml"))
}

fn rotate(dir: &Path, validity: Validity, now: SystemTime) -> Printed {
    let files = ca::rotate(dir, validity, now).map_err(Failure::usage)?;
    let (pem, revoked) = (files.certificate.display(), dir.join("revoked.pem"));
    let (revoked, folder) = (revoked.display(), dir.display());
    output::line(&format!("new authority, key {}; it signs from now on", files.key.display()))?;
    for step in [
        format!("1. copy {pem} and {revoked} to every node, then on each: fieldrun reload"),
        "   nodes now trust the old and the new authority; wait until all have them".to_owned(),
        format!(
            "2. for each node: fieldrun ca renew NODE.pem --ca {folder}, copy, fieldrun reload"
        ),
        format!("   `fieldrun ca list --ca {folder}` shows who is missing"),
        format!("3. fieldrun ca rotate --ca {folder} --finish"),
        format!("4. copy {pem} and {revoked} to every node again, and fieldrun reload"),
    ] {
        output::line(&step)?;
    }
    Ok(())
}

fn finish(dir: &Path, force: bool, now: SystemTime) -> Printed {
    let done = ca::finish(dir, force, now).map_err(Failure::usage)?;
    let certificate = done.certificate.display();
    output::line("the old authority is dropped")?;
    if !done.left_behind.is_empty() {
        output::line(&format!("  shut out     {}", done.left_behind.join(", ")))?;
    }
    output::line(&format!("  certificate  {certificate}  (copy it to every node)"))?;
    let revoked = dir.join("revoked.pem");
    output::line(&format!("  revoked      {}  (likewise)", revoked.display()))?;
    let retired = done.retired_key.display();
    output::line(&format!("  old key      {retired}  (destroy it when all nodes have reloaded)"))
}

fn list(dir: &Path, json: bool, now: SystemTime) -> Printed {
    let all = ca::list(dir, now).map_err(Failure::usage)?;
    if json {
        return all.iter().try_for_each(json_line);
    }
    output::line(&format!(
        "{:<16} {:<14} {:>5}  {:<34} PUBLISHES",
        "NODE", "STANDING", "DAYS", "SERIAL"
    ))?;
    for one in &all {
        let (node, serial) = (&one.issued.node, &one.issued.serial);
        let services = one.issued.services.join(", ");
        let line = format!(
            "{node:<16} {:<14} {:>5}  {serial:<34} {services}",
            standing(one),
            one.days_left
        );
        output::line(line.trim_end())?;
    }
    warnings(dir, &all, now)
}

fn standing(one: &Listing) -> &'static str {
    match one.standing {
        Standing::Valid => "valid",
        Standing::EndsSoon => "ends soon",
        Standing::Renewed => "renewed",
        Standing::Expired => "expired",
        Standing::Revoked => "revoked",
        Standing::OldAuthority => "old authority",
    }
}

/// What is to be done, to standard error.
fn warnings(dir: &Path, all: &[Listing], now: SystemTime) -> Printed {
    let authorities = ca::show_all(&dir.join("ca.pem"), now).map_err(Failure::usage)?;
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    for authority in authorities {
        if let Some(days) = authority.ends_soon(i64::try_from(seconds).unwrap_or(i64::MAX)) {
            output::say(&format!(
                "warning: the authority ends in {days} days; `fieldrun ca rotate`"
            ));
        }
    }
    for one in all {
        let (node, days) = (&one.issued.node, one.days_left);
        match one.standing {
            Standing::EndsSoon => output::say(&format!(
                "warning: the certificate of {node} ends in {days} days; `fieldrun ca renew`"
            )),
            Standing::Expired => output::say(&format!(
                "warning: the certificate of {node} has expired; `fieldrun ca renew`"
            )),
            Standing::OldAuthority => output::say(&format!(
                "warning: the certificate of {node} is of the old authority; `fieldrun ca renew`"
            )),
            _ => {}
        }
    }
    Ok(())
}

fn show(file: &Path, json: bool, now: SystemTime) -> Printed {
    match ca::show_all(file, now) {
        Ok(all) if json => all.iter().try_for_each(json_line),
        Ok(all) => all.iter().try_for_each(|info| output::line(&info.to_string())),
        Err(error @ CaError::File(_)) => Err(Failure::usage(error)),
        // No certificate: perhaps what takes certificates back.
        Err(error) => match ca::show_revoked(file) {
            Ok(lists) if json => lists.iter().try_for_each(json_line),
            Ok(lists) => lists.iter().try_for_each(|list| output::line(&list.to_string())),
            Err(_) => Err(Failure::usage(error)),
        },
    }
}

fn json_line(value: &impl Serialize) -> Printed {
    output::line(&serde_json::to_string(value).map_err(Failure::failed)?)
}
