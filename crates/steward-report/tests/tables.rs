//! Tables as files: what the bytes say.

use std::io::{Cursor, Read as _};

use serde_json::json;
use steward_core::export::{Cell, ColumnKind, ExportColumn, ExportFormat, ExportStyle};
use steward_report::table::{TableOptions, TableWriter, Written};

fn columns() -> Vec<ExportColumn> {
    vec![
        ExportColumn::new("at", "Time", ColumnKind::Instant),
        ExportColumn::new("name", "Name", ColumnKind::Text),
        ExportColumn::new("count", "Count", ColumnKind::Integer),
        ExportColumn::new("price_minor", "Price", ColumnKind::Minor),
        ExportColumn::new("cost", "Cost", ColumnKind::Decimal),
        ExportColumn::new("key", "Key", ColumnKind::Json),
    ]
}

fn rows() -> Vec<Vec<Cell>> {
    let at = |text: &str| Cell::Instant(text.parse().expect("an instant"));
    vec![
        vec![
            at("2026-11-22T10:00:00Z"),
            Cell::Text("=1+1".to_owned()),
            Cell::Integer(-5),
            Cell::Minor(1999, "EUR".to_owned()),
            Cell::Decimal("0.000000001".to_owned()),
            Cell::Json(json!({ "id": 1 })),
        ],
        vec![
            Cell::Null,
            Cell::Text("two\nlines, \"quoted\"".to_owned()),
            Cell::Integer(9_007_199_254_740_993),
            Cell::Null,
            Cell::Decimal("1234567890123456.123456789".to_owned()),
            Cell::Null,
        ],
    ]
}

fn write(
    format: ExportFormat,
    style: ExportStyle,
    sheet_rows: u64,
    rows: &[Vec<Cell>],
) -> (Vec<u8>, Written) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = TableOptions {
        format,
        style,
        has_bom: false,
        zone: "Europe/Berlin".parse().expect("a zone"),
        name: "Some/rows: [all]",
        folder: folder.path(),
        sheet_rows,
    };
    let mut bytes = Vec::new();
    let mut table = TableWriter::new(&mut bytes, &columns(), &options).expect("begun");
    for row in rows {
        table.row(row).expect("written");
    }
    let written = table.finish().expect("finished");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing lies about");
    (bytes, written)
}

fn sheet(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a workbook is an archive");
    let mut text = String::new();
    archive.by_name(name).expect(name).read_to_string(&mut text).expect("UTF-8");
    text
}

#[test]
fn csv_is_exact_and_neutralised() {
    let (bytes, written) = write(ExportFormat::Csv, ExportStyle::Raw, 100, &rows());
    let expected = "at,name,count,price_minor,cost,key\r\n\
        2026-11-22T11:00:00+01:00,'=1+1,-5,1999,0.000000001,\"{\"\"id\"\":1}\"\r\n\
        ,\"two\nlines, \"\"quoted\"\"\",9007199254740993,,1234567890123456.123456789,\r\n";
    assert_eq!(String::from_utf8(bytes).expect("UTF-8"), expected);
    assert_eq!(written, Written { rows: 2, sheets: 1, neutralised_cells: 1, cut_cells: 0 });
    let (bytes, _) = write(ExportFormat::Csv, ExportStyle::Formatted, 100, &rows());
    let text = String::from_utf8(bytes).expect("UTF-8");
    assert!(
        text.starts_with("Time (Europe/Berlin),Name,Count,Price,Cost,Key\r\n2026-11-22 11:00:00,"),
        "{text}"
    );
    assert!(text.contains(",-5,19.99,"), "a negative number is no formula: {text}");
}

#[test]
fn json_lines_keep_what_a_number_would_lose() {
    let (bytes, _) = write(ExportFormat::Jsonl, ExportStyle::Raw, 100, &rows());
    let lines: Vec<serde_json::Value> = String::from_utf8(bytes)
        .expect("UTF-8")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(
        lines,
        [
            json!({ "at": "2026-11-22T11:00:00+01:00", "name": "=1+1", "count": -5, "price_minor": 1999,
                    "cost": "0.000000001", "key": { "id": 1 } }),
            json!({ "at": null, "name": "two\nlines, \"quoted\"", "count": 9_007_199_254_740_993_i64,
                    "price_minor": null, "cost": "1234567890123456.123456789", "key": null }),
        ]
    );
}

#[test]
fn a_workbook_has_numbers_times_and_text_that_is_never_computed() {
    let (bytes, written) = write(ExportFormat::Xlsx, ExportStyle::Formatted, 100, &rows());
    let text = sheet(&bytes, "xl/worksheets/sheet1.xml");
    // 2026-11-22 11:00 in days since the end of 1899.
    assert!(text.contains("<v>46348.458333333336</v>"), "{text}");
    assert!(text.contains("t=\"inlineStr\"><is><t>=1+1</t>") && !text.contains("<f>"), "{text}");
    assert!(text.contains("<v>-5</v>") && text.contains("<v>19.99</v>"), "{text}");
    assert!(text.contains("<t>9007199254740993</t>"), "a number it cannot keep is kept as text: {text}");
    assert!(text.contains("<t>1234567890123456.123456789</t>"), "{text}");
    assert_eq!(written, Written { rows: 2, sheets: 1, neutralised_cells: 0, cut_cells: 0 });
}

#[test]
fn more_rows_than_a_sheet_holds_go_on_in_the_next_with_the_same_heading() {
    let rows: Vec<Vec<Cell>> = (0..25)
        .map(|number| vec![Cell::Null, Cell::Null, Cell::Integer(number), Cell::Null, Cell::Null, Cell::Null])
        .collect();
    let (bytes, written) = write(ExportFormat::Xlsx, ExportStyle::Raw, 11, &rows);
    assert_eq!((written.rows, written.sheets), (25, 3));
    let counts: Vec<usize> = (1..=3)
        .map(|number| sheet(&bytes, &format!("xl/worksheets/sheet{number}.xml")).matches("<row ").count())
        .collect();
    assert_eq!(counts, [11, 11, 6], "ten rows and a heading, and the rest");
    let names = sheet(&bytes, "xl/workbook.xml");
    assert!(names.contains("\"Some rows   all\"") || names.contains("Some rows"), "{names}");
    for number in 1..=3 {
        let text = sheet(&bytes, &format!("xl/worksheets/sheet{number}.xml"));
        assert!(text.contains("<t>price_minor</t>"), "each sheet has its heading");
    }
}

#[test]
fn text_longer_than_a_cell_is_cut_and_counted() {
    let long = "ä".repeat(40_000);
    let row = vec![Cell::Null, Cell::Text(long), Cell::Null, Cell::Null, Cell::Null, Cell::Null];
    let (_, written) = write(ExportFormat::Xlsx, ExportStyle::Raw, 100, &[row]);
    assert_eq!(written.cut_cells, 1);
}
