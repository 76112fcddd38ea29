//! The course of a demonstration.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::time::Duration;

use fieldrun_glue::Status;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, interval, sleep_until};

use super::company::Company;
use super::judge::judge;
use super::record::{Recorder, micros_now};
use super::report::Report;
use super::screen::Screen;
use super::setup::ROOT;
use super::story::{Marks, Story};
use super::{DemoError, Options};
use crate::enterprise::Enterprise;

/// How long nothing must change until a situation counts as reached.
const CALM: Duration = Duration::from_secs(1);
/// How long the broken network is left as it is: a program that repairs it has acted by then.
const BROKEN: Duration = Duration::from_secs(3);
/// How long the cascade may take before the demonstration goes on without it.
const CASCADE: Duration = Duration::from_secs(30);
/// How long all starts together may take, beside the services' own times.
const STARTS: Duration = Duration::from_secs(60);
/// How often the daemons are looked after and ages on the screen are renewed.
const LOOK: Duration = Duration::from_millis(250);

/// Every so many looks the daemons are asked whether the program fails.
const LOOKS_PER_QUESTION: u64 = 4;

/// Ctrl-C and SIGTERM.
pub(crate) struct Interrupt {
    signals: [Signal; 3],
}

impl Interrupt {
    pub(crate) fn new() -> Result<Self, DemoError> {
        let listen = |kind| signal(kind).map_err(DemoError::system("wait for signals"));
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hangup] = kinds.map(listen);
        Ok(Self { signals: [interrupt?, terminate?, hangup?] })
    }

    pub(crate) async fn received(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// A demonstration under way.
pub(crate) struct Play<'a> {
    options: &'a Options,
    enterprise: Enterprise,
    recorder: Recorder,
    screen: Screen<'a>,
    marks: Marks,
    /// Services that were seen to hang since the fault.
    hung: BTreeSet<String>,
}

impl<'a> Play<'a> {
    pub(crate) fn new(company: &Company, options: &'a Options, output: &'a mut dyn Write) -> Self {
        Self {
            options,
            enterprise: company.plan.enterprise.clone(),
            recorder: Recorder::new(&company.plan.nodes),
            screen: Screen::new(&company.plan, options, output),
            marks: Marks::default(),
            hung: BTreeSet::new(),
        }
    }

    pub(crate) async fn run(&mut self, company: &mut Company) -> Result<Report, DemoError> {
        self.come_up(company).await?;
        self.break_down(company).await?;
        self.restore(company).await?;
        let story = Story {
            root: ROOT.to_owned(),
            changes: self.recorder.changes.clone(),
            marks: self.marks,
        };
        let verdict = judge(&self.enterprise, &story, self.options.demanded);
        let report = Report::new(story, verdict, self.options.period);
        self.screen.report(&report)?;
        Ok(report)
    }

    /// Goes on showing what happens.
    pub(crate) async fn keep(&mut self, company: &mut Company) -> Result<(), DemoError> {
        self.screen.playground(company)?;
        let forever = Duration::from_secs(366 * 24 * 3600);
        self.until(company, forever, CALM, |_| false).await.map(drop)
    }

    async fn come_up(&mut self, company: &mut Company) -> Result<(), DemoError> {
        self.screen.say("eight daemons start; their program starts the services")?;
        let patience = STARTS + self.longest_start();
        let runs = |play: &Self| play.all(Status::Run);
        if self.until(company, patience, CALM, runs).await? {
            return Ok(());
        }
        let waiting = self.recorder.services.iter().filter(|(_, now)| now.status != Status::Run);
        let waiting: Vec<String> =
            waiting.map(|(service, now)| format!("{service} is `{}`", now.status)).collect();
        Err(DemoError::NotUp { patience, waiting: waiting.join(", ") })
    }

    /// The database hangs and what needs it stops. What does not happen in time is for the judge.
    async fn break_down(&mut self, company: &mut Company) -> Result<(), DemoError> {
        self.screen.say(&format!("all run; now {ROOT} is made to hang"))?;
        self.marks.fault_us = micros_now();
        let fault = fault_file(company)?;
        fs::write(&fault, "hang\n").map_err(DemoError::system("write the fault file"))?;
        let affected: BTreeSet<String> =
            self.enterprise.dependents(ROOT).into_iter().flatten().collect();
        let stopped = move |play: &Self| {
            play.hung.contains(ROOT) && affected.iter().all(|id| play.is(id, Status::Stop))
        };
        self.until(company, CASCADE, BROKEN, stopped).await?;
        Ok(())
    }

    async fn restore(&mut self, company: &mut Company) -> Result<(), DemoError> {
        let fault = fault_file(company)?;
        // Still hung, although there was time: the program leaves it to a human.
        let waits = self.is(ROOT, Status::Hung);
        self.screen.say(&format!("the fault of {ROOT} is taken away"))?;
        self.marks.restore_us = micros_now();
        fs::remove_file(&fault).map_err(DemoError::system("remove the fault file"))?;
        if waits {
            self.screen.say(&format!("the program waits for a human, who now restarts {ROOT}"))?;
            self.marks.operator_us = Some(micros_now());
            company.restart(ROOT).await?;
        }
        let patience = STARTS + self.longest_start();
        self.until(company, patience, CALM, |play| play.all(Status::Run)).await?;
        self.marks.end_us = micros_now();
        Ok(())
    }

    /// Records and shows what happens until the condition has held for `calm` without a change;
    /// false when patience ended before.
    async fn until(
        &mut self,
        company: &mut Company,
        patience: Duration,
        calm: Duration,
        condition: impl Fn(&Self) -> bool,
    ) -> Result<bool, DemoError> {
        let deadline = Instant::now() + patience;
        let mut calm_at = None;
        let mut look = interval(LOOK);
        let mut looks = 0u64;
        loop {
            let reached = condition(self);
            calm_at = if reached { calm_at.or_else(|| Some(Instant::now() + calm)) } else { None };
            tokio::select! {
                change = self.recorder.next() => {
                    calm_at = None;
                    if change.to == Status::Hung && self.marks.fault_us > 0 {
                        self.hung.insert(change.service.clone());
                    }
                    self.screen.change(&change, &self.recorder)?;
                }
                _ = look.tick() => {
                    for news in company.revive(self.marks.end_us > 0)? {
                        self.screen.say(&news)?;
                    }
                    self.screen.renew(&self.recorder)?;
                    looks += 1;
                    let ask = looks.is_multiple_of(LOOKS_PER_QUESTION) && self.marks.end_us == 0;
                    if ask && let Some((service, diagnostic)) = company.failing().await {
                        return Err(DemoError::ProgramFails { service, diagnostic });
                    }
                }
                () = sleep_until(calm_at.unwrap_or(deadline)) => return Ok(reached),
            }
        }
    }

    fn is(&self, service: &str, status: Status) -> bool {
        self.recorder.services.get(service).is_some_and(|now| now.status == status)
    }

    fn all(&self, status: Status) -> bool {
        self.recorder.services.values().all(|now| now.status == status)
    }

    /// No chain of starts takes longer than all of them one after the other.
    fn longest_start(&self) -> Duration {
        self.enterprise.services.iter().map(|member| member.start).sum()
    }
}

fn fault_file(company: &Company) -> Result<std::path::PathBuf, DemoError> {
    let node = company.plan.nodes.iter().find(|node| node.service == ROOT);
    let missing = || DemoError::system("find the database")(std::io::ErrorKind::NotFound.into());
    node.map(|node| node.fault.clone()).ok_or_else(missing)
}
