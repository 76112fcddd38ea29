//! Tables as Parquet, read back by the reader of its own library.

#![cfg(feature = "parquet")]

use fieldrun_device::Micros;
use fieldrun_sim::record::Samples;
use fieldrun_sim::{Key, Scenario, run};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;

#[test]
fn parquet_tables_hold_the_same_rows_as_csv_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "program = \"p.pt\"\nstop = { time = \"3s\" }\n[link]\nradius = 12\n[[group]]\ncount = 9\n\
                place = \"grid\"\narea = [0, 0, 30, 30]\n";
    // Numbers, truths, texts, and rounds without a value.
    let program = "let n = rep (n <- 0) { n + 1 }\nlet id = self.getId() + 0\n\
                   if (id == 3) { n == 2 } else { if (id == 4) { \"four\" } else { 1 / (id - 5) } }\n";
    std::fs::write(folder.path().join("p.pt"), program).expect("a file");
    std::fs::write(folder.path().join("s.toml"), text).expect("a file");
    let scenario = Scenario::load(&folder.path().join("s.toml")).expect("a scenario");
    let loaded = scenario.load_program().expect("a program");
    let keys: Vec<Key> = ["result", "degree"].map(|key| key.parse().expect("a key")).into();
    let [csv, parquet] = ["t.csv", "t.parquet"].map(|name| folder.path().join(name));
    for file in [&csv, &parquet] {
        let mut samples =
            Samples::of_devices(&scenario, &keys, Micros::SECOND, file).expect("a table");
        run(&scenario, &loaded.program, &mut samples).expect("it runs");
    }
    let lines = std::fs::read_to_string(csv).expect("a file");
    let lines: Vec<Vec<&str>> =
        lines.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let file = std::fs::File::open(parquet).expect("a file");
    let reader = SerializedFileReader::new(file).expect("Parquet");
    let rows: Vec<_> =
        reader.get_row_iter(None).expect("rows").map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), lines.len());
    assert_eq!(rows.len(), 3 * 9 * 2);
    for (row, line) in rows.iter().zip(&lines) {
        assert_eq!(row.get_long(0).expect("a seed").to_string(), line[0]);
        assert_eq!(row.get_double(1).expect("a time"), line[1].parse::<f64>().expect("a time"));
        assert_eq!(row.get_string(2).expect("a node"), line[2]);
        assert_eq!(row.get_string(5).expect("a key"), line[5]);
        let text = row.get_string(7).map(String::as_str).unwrap_or_default();
        assert_eq!(text, line[6], "all values as texts");
        let number = row.get_double(6).ok();
        let expected = match line[6] {
            "true" => Some(1.0),
            "false" => Some(0.0),
            "Infinity" => Some(f64::INFINITY),
            other => other.parse().ok(),
        };
        assert_eq!(number, expected, "{line:?}");
    }
}
