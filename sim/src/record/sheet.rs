//! Tables in files: CSV, JSON lines, or Parquet, by the end of the file's name.

use crate::SimError;
use crate::record::quoted;
use crate::shown::{Plain, Shown};
use crate::whole::WholeFile;
use std::io::{self, Write};
use std::path::Path;

#[cfg(feature = "parquet")]
mod parquet;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Whole numbers.
    Whole,
    /// Numbers; none where there is not a number.
    Number,
    /// Texts.
    Text,
    /// Values of programs. Parquet, whose columns are of one kind, has the numbers and truths among
    /// them in this column, and all of them as texts in another one named `text`.
    Shown,
}

/// One field of a row.
#[derive(Clone, Debug)]
pub(crate) enum Field<'a> {
    Whole(u64),
    Number(f64),
    Text(&'a str),
    Shown(Shown),
}

/// A table that is being written.
pub(crate) struct Sheet {
    columns: &'static [(&'static str, Kind)],
    /// None once it is complete.
    form: Option<Form>,
}

enum Form {
    Csv(WholeFile),
    Lines(WholeFile),
    #[cfg(feature = "parquet")]
    Parquet(Box<parquet::Parquet>),
}

impl Sheet {
    /// A table without rows in a new file.
    pub(crate) fn create(
        file: &Path,
        columns: &'static [(&'static str, Kind)],
    ) -> Result<Self, SimError> {
        let open = || WholeFile::create(file).map_err(|e| SimError::file("write", file, e));
        let mut form = match file.extension().and_then(|end| end.to_str()) {
            Some("csv") => Form::Csv(open()?),
            Some("jsonl" | "ndjson") => Form::Lines(open()?),
            #[cfg(feature = "parquet")]
            Some("parquet") => {
                let parquet = parquet::Parquet::new(open()?, columns);
                Form::Parquet(Box::new(
                    parquet.map_err(|error| SimError::file("write", file, error))?,
                ))
            }
            _ => return Err(SimError::NotATable { file: file.to_owned() }),
        };
        if let Form::Csv(out) = &mut form {
            let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
            writeln!(out, "{}", names.join(",")).map_err(broken)?;
        }
        Ok(Self { columns, form: Some(form) })
    }

    /// Adds a row with a field for each column.
    pub(crate) fn add(&mut self, row: &[Field<'_>]) -> Result<(), SimError> {
        match &mut self.form {
            Some(Form::Csv(out)) => csv(out, row).map_err(broken),
            Some(Form::Lines(out)) => line(out, self.columns, row).map_err(broken),
            #[cfg(feature = "parquet")]
            Some(Form::Parquet(parquet)) => parquet.add(row).map_err(broken),
            None => Ok(()),
        }
    }

    /// The table is complete: now its file has its name.
    pub(crate) fn finish(&mut self) -> Result<(), SimError> {
        match self.form.take() {
            Some(Form::Csv(out) | Form::Lines(out)) => out.complete().map_err(broken),
            #[cfg(feature = "parquet")]
            Some(Form::Parquet(parquet)) => parquet.finish().map_err(broken),
            None => Ok(()),
        }
    }
}

fn broken(source: io::Error) -> SimError {
    SimError::Output { what: "table", source }
}

fn csv(out: &mut impl Write, row: &[Field<'_>]) -> io::Result<()> {
    for (number, field) in row.iter().enumerate() {
        if number > 0 {
            out.write_all(b",")?;
        }
        match field {
            Field::Whole(number) => write!(out, "{number}")?,
            Field::Number(number) if number.is_nan() => {}
            Field::Number(number) => write!(out, "{}", Plain(*number))?,
            Field::Text(text) => out.write_all(quoted(text).as_bytes())?,
            Field::Shown(shown) => out.write_all(quoted(&shown.to_string()).as_bytes())?,
        }
    }
    out.write_all(b"\n")
}

fn line(out: &mut impl Write, columns: &[(&str, Kind)], row: &[Field<'_>]) -> io::Result<()> {
    // Numbers that JSON lacks are null, but as values of programs they are told apart.
    let cells = columns.iter().zip(row).map(|((name, _), field)| {
        let value = match field {
            Field::Whole(number) => (*number).into(),
            Field::Number(number) => (*number).into(),
            Field::Text(text) => (*text).into(),
            Field::Shown(Shown::Nothing) => serde_json::Value::Null,
            Field::Shown(Shown::Truth(truth)) => (*truth).into(),
            Field::Shown(Shown::Number(number)) if number.is_finite() => (*number).into(),
            Field::Shown(shown) => shown.to_string().into(),
        };
        format!("\"{name}\":{value}")
    });
    writeln!(out, "{{{}}}", cells.collect::<Vec<_>>().join(","))
}
