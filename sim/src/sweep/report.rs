//! The page of a sweep: curves with bands, curves along each key, and the table of the means.

use super::plan::Point;
use super::spread::Interval;
use super::table::{Table, plain};
use crate::chart::{Band, Chart, Line, Panel};
use crate::picture::PALETTE;
use crate::summary::some;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use toml::Value;

/// More curves than this in one picture are no longer told apart.
const MAX_CURVES: usize = 6;
/// The most rows of the table of the page; the files have all.
const MAX_ROWS: usize = 500;

const STYLE: &str = "\
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: #1d2733; background: #fff; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2.5rem; }
p { color: #526170; } svg { width: 100%; height: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th, td { text-align: right; padding: .25rem .6rem; border-bottom: 1px solid #dde3e9; }
th { font-weight: 600; } th.key, td.key { text-align: left; }
.note { border-left: 4px solid #c8202f; padding-left: .8rem; }
";

impl Table<'_> {
    /// A page of HTML that stands alone. `planned` is the number of runs that there should be.
    pub fn page(&self, title: &str, planned: usize) -> String {
        let mut page = String::new();
        let (runs, points) = (self.rows().count(), self.plan.points.len());
        // Writing to a String cannot fail.
        let _ = write!(
            page,
            "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\">\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n<h1>{title}</h1>\n\
             <p>{}, {}. Bands and ± are 95 % confidence intervals of the mean.</p>\n",
            some(points, "setting"),
            some(runs, "run"),
            title = escaped(title),
        );
        self.notes(&mut page, runs, planned);
        for metric in 0..self.sampling.metrics.len() {
            self.curves(&mut page, metric);
        }
        self.means(&mut page);
        page.push_str("</html>\n");
        page
    }

    fn notes(&self, page: &mut String, runs: usize, planned: usize) {
        if runs < planned {
            let lacking = some(planned - runs, "run");
            let _ = writeln!(
                page,
                "<p class=\"note\">{lacking} of the plan not there: stopped early, or still to be run.</p>"
            );
        }
        let failed: u64 = self.rows().map(|row| row.run.failed).sum();
        let first = self.rows().find_map(|row| row.run.failure.as_ref());
        if let Some(first) = first {
            let _ = writeln!(
                page,
                "<p class=\"note\">{failed} device rounds failed. The first: {}</p>",
                escaped(first)
            );
        }
    }

    fn curves(&self, page: &mut String, metric: usize) {
        let Some(name) = self.sampling.metrics.get(metric).map(ToString::to_string) else { return };
        let _ = writeln!(page, "<h2>{}</h2>", escaped(&name));
        if self.plan.points.len() <= MAX_CURVES {
            page.push_str(&self.chart_over_time(metric, &name).picture().svg());
        }
        let keys =
            self.plan.points.first().map(|point| point.params.as_slice()).unwrap_or_default();
        for key in 0..keys.len() {
            if let Some(chart) = self.chart_along(metric, key, &name) {
                page.push_str(&chart.picture().svg());
            }
        }
    }

    fn chart_over_time(&self, metric: usize, name: &str) -> Chart {
        let mut panel = Panel { unit: name.to_owned(), ..Panel::default() };
        for (number, point) in self.plan.points.iter().enumerate() {
            let cells = self.over_time(number, metric);
            let means = cells.iter().map(|cell| (cell.t, cell.interval)).collect();
            add_curve(&mut panel, &short(point), means);
        }
        Chart { title: format!("{name} over time"), panels: vec![panel], ..Chart::default() }
    }

    /// The values at the end along one key: a curve for each setting of the others, or one over all
    /// of them where these are too many.
    fn chart_along(&self, metric: usize, key: usize, name: &str) -> Option<Chart> {
        let along = self.plan.points.first()?.params.get(key)?.0.clone();
        let mut curves: BTreeMap<String, BTreeMap<u64, Vec<usize>>> = BTreeMap::new();
        let mut order: Vec<String> = Vec::new();
        for (number, point) in self.plan.points.iter().enumerate() {
            let x = number_of(&point.params.get(key)?.1)?;
            let others = point.params.iter().enumerate().filter(|(other, _)| *other != key);
            let rest = Point { params: others.map(|(_, param)| param.clone()).collect() };
            let rest = if rest.params.is_empty() { name.to_owned() } else { short(&rest) };
            if !order.contains(&rest) && order.len() <= MAX_CURVES {
                order.push(rest.clone());
            }
            curves.entry(rest).or_default().entry(ordered(x)).or_default().push(number);
        }
        if order.len() > MAX_CURVES {
            order = vec!["all settings".to_owned()];
            let all =
                curves.into_values().flatten().fold(BTreeMap::new(), |mut all, (x, points)| {
                    all.entry(x).or_insert_with(Vec::new).extend(points);
                    all
                });
            curves = BTreeMap::from([("all settings".to_owned(), all)]);
        }
        let mut panel = Panel { unit: name.to_owned(), ..Panel::default() };
        for rest in &order {
            let curve = curves.get(rest)?.iter().map(|(x, points)| {
                let rows = points.iter().flat_map(|point| self.runs_of(*point));
                (disordered(*x), Interval::of(rows.map(|row| row.run.last(metric))))
            });
            add_curve(&mut panel, rest, curve.collect());
        }
        let title = format!("{name} at the end, by {along}");
        Some(Chart { title, along: Some(along), panels: vec![panel], ..Chart::default() })
    }

    fn means(&self, page: &mut String) {
        page.push_str("<h2>At the end</h2>\n<table>\n<tr>");
        let keys =
            self.plan.points.first().map(|point| point.params.as_slice()).unwrap_or_default();
        for (key, _) in keys {
            let _ = write!(page, "<th class=\"key\">{}</th>", escaped(key));
        }
        page.push_str("<th>runs</th>");
        for metric in &self.sampling.metrics {
            let _ = write!(page, "<th>{}</th>", escaped(&metric.to_string()));
        }
        page.push_str("</tr>\n");
        for (number, point) in self.plan.points.iter().enumerate().take(MAX_ROWS) {
            page.push_str("<tr>");
            for (_, value) in &point.params {
                let _ = write!(page, "<td class=\"key\">{}</td>", escaped(&plain(value)));
            }
            let _ = write!(page, "<td>{}</td>", self.runs_of(number).count());
            for metric in 0..self.sampling.metrics.len() {
                let _ = write!(page, "<td>{}</td>", self.at_end(number, metric));
            }
            page.push_str("</tr>\n");
        }
        page.push_str("</table>\n");
        if self.plan.points.len() > MAX_ROWS {
            let _ = writeln!(page, "<p>The first {MAX_ROWS} settings; means.csv has all.</p>");
        }
    }
}

/// A setting with the last parts of its keys only, where these say enough.
fn short(point: &Point) -> String {
    let last = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    let params = || point.params.iter().map(|(key, value)| (last(key), value.clone()));
    let keys: BTreeSet<String> = params().map(|(key, _)| key).collect();
    match keys.len() == point.params.len() {
        true => Point { params: params().collect() }.to_string(),
        false => point.to_string(),
    }
}

fn add_curve(panel: &mut Panel, name: &str, means: Vec<(f64, Interval)>) {
    let color = PALETTE.get(panel.lines.len() % PALETTE.len()).copied();
    let band = |(x, interval): &(f64, Interval)| {
        let (low, high) = interval.bounds();
        [*x, low, high]
    };
    if means.iter().any(|(_, interval)| interval.half > 0.0) {
        let points = means.iter().map(band).collect();
        panel.bands.push(Band { name: String::new(), color, points });
    }
    let points = means.iter().map(|(x, interval)| [*x, interval.mean]).collect();
    panel.lines.push(Line { name: name.to_owned(), color, dashed: false, points });
}

/// A number, also one with a unit behind it.
fn number_of(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        Value::String(text) => {
            let end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
            let (number, unit) = text.split_at_checked(end)?;
            let scale = match unit {
                "us" => 1e-6,
                "ms" => 1e-3,
                "m" => 60.0,
                "h" => 3600.0,
                _ => 1.0,
            };
            number.parse::<f64>().ok().map(|number| number * scale)
        }
        _ => None,
    }
}

/// Bits that are in the order of the numbers.
fn ordered(number: f64) -> u64 {
    let bits = number.to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

fn disordered(bits: u64) -> f64 {
    f64::from_bits(if bits >> 63 == 1 { bits & !(1 << 63) } else { !bits })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_order_and_come_back() {
        let numbers = [-1e9, -1.0, -0.5, 0.0, 1e-9, 3.0, 1e300];
        for pair in numbers.windows(2) {
            assert!(ordered(pair[0]) < ordered(pair[1]), "{pair:?}");
        }
        assert!(numbers.iter().all(|number| disordered(ordered(*number)) == *number));
    }

    #[test]
    fn what_users_wrote_is_no_markup() {
        assert_eq!(escaped("<b>\"&\"</b>"), "&lt;b&gt;&quot;&amp;&quot;&lt;/b&gt;");
    }
}
