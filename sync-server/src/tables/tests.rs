//! Files that people hand in, and files that are none.

use std::io::Write as _;

use domain::ProblemCode;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use super::*;

fn code(bytes: &[u8]) -> (ProblemCode, Option<i64>) {
    match read(bytes) {
        Err(HubError::Refused { problems, .. }) => (problems[0].code, problems[0].limit),
        other => panic!("taken: {other:?}"),
    }
}

fn sheet(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    fill(book.add_worksheet());
    book.save_to_buffer().unwrap()
}

#[test]
fn a_csv_is_read_in_both_encodings_and_with_every_separator() {
    let expected = [["姓名", "电话"], ["张三, 李四", "13800001111"]];
    for separator in [",", ";", "\t"] {
        let text = format!("姓名{separator}电话\r\n\"张三, 李四\"{separator}13800001111\r\n");
        let (gb, ..) = encoding_rs::GB18030.encode(&text);
        let marked = format!("\u{FEFF}{text}");
        for bytes in [text.as_bytes(), &gb, marked.as_bytes()] {
            let table = read(bytes).unwrap();
            assert_eq!(table.heads, expected[0], "{separator:?}");
            assert_eq!((table.first, table.rows), (2, vec![expected[1].map(str::to_owned).to_vec()]));
        }
    }
}

#[test]
fn rare_characters_of_names_survive_gb18030() {
    let (gb, ..) = encoding_rs::GB18030.encode("姓名,电话\n张\u{20BB7}·买买提,1\n");
    assert_eq!(read(&gb).unwrap().rows[0][0], "张\u{20BB7}·买买提");
}

#[test]
fn a_workbook_is_read_below_its_title_with_days_and_numbers_as_people_type_them() {
    let bytes = sheet(|sheet| {
        let day = Format::new().set_num_format("yyyy/m/d");
        sheet.merge_range(0, 0, 0, 3, "某村居民花名册", &Format::new()).unwrap();
        for (column, head) in ["姓名", "身份证号", "出生日期", "电话"].into_iter().enumerate() {
            sheet.write(2, column as u16, head).unwrap();
        }
        sheet.write(3, 0, "张三").unwrap();
        sheet.write(3, 1, "11010519491231002X").unwrap();
        sheet.write_with_format(3, 2, ExcelDateTime::from_ymd(1949, 12, 31).unwrap(), &day).unwrap();
        sheet.write(3, 3, 13_800_001_111_f64).unwrap();
        sheet.write_formula(4, 0, rust_xlsxwriter::Formula::new("=1+1").set_result("李四")).unwrap();
    });
    let table = read(&bytes).unwrap();
    assert_eq!((table.first, table.heads[1].as_str()), (4, "身份证号"));
    assert_eq!(table.rows[0], ["张三", "11010519491231002X", "1949-12-31", "13800001111"]);
    assert_eq!(table.rows[1][0], "李四");
}

#[test]
fn merged_cells_among_the_rows_are_refused_with_their_row() {
    let bytes = sheet(|sheet| {
        sheet.write(0, 0, "姓名").unwrap();
        sheet.write(0, 1, "楼栋").unwrap();
        sheet.write(1, 0, "张三").unwrap();
        sheet.merge_range(1, 1, 3, 1, "3号楼", &Format::new()).unwrap();
    });
    assert_eq!(code(&bytes), (ProblemCode::MergedCells, Some(4)));
}

#[test]
fn what_is_no_table_is_refused_whatever_it_is_called() {
    let mut picture = vec![0x89, b'P', b'N', b'G', 0, 0, 1];
    picture.extend([7; 100]);
    for program in [b"MZ\x90\x00\x03\x00\x00".as_slice(), b"\x7fELF\x02\x01\x01\x00", b"%PDF-1.7\n\x00\xff", &picture] {
        assert_eq!(code(program).0, ProblemCode::NotATable);
    }
    assert_eq!(code(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1").0, ProblemCode::OldFormat);
    assert_eq!(code(b"").0, ProblemCode::EmptyTable);
    assert_eq!(code("姓名,电话\n".as_bytes()).0, ProblemCode::EmptyTable);
    assert_eq!(code(b"\xff\xff\xff\xff\xff").0, ProblemCode::UnreadableText);
    assert_eq!(code(b"PK\x03\x04 and then nothing").0, ProblemCode::NotATable);
}

#[test]
fn a_packed_file_that_is_no_workbook_is_refused() {
    let mut packed = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    packed.start_file("readme.txt", zip::write::SimpleFileOptions::default()).unwrap();
    packed.write_all(b"hello").unwrap();
    let bytes = packed.finish().unwrap().into_inner();
    assert_eq!(code(&bytes).0, ProblemCode::NotATable);
}

#[test]
fn a_packed_file_that_unpacks_to_far_too_much_is_given_up() {
    let mut packed = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    packed.start_file("xl/workbook.xml", options).unwrap();
    let piece = vec![b' '; 1 << 20];
    for _ in 0..(UNPACKED_BYTES_MAX >> 20) + 1 {
        packed.write_all(&piece).unwrap();
    }
    let bytes = packed.finish().unwrap().into_inner();
    assert!(bytes.len() < 4 << 20, "it is small until it is unpacked");
    assert_eq!(code(&bytes).0, ProblemCode::TooManyBytes);
}

#[test]
fn a_cell_far_out_does_not_fill_the_memory() {
    let wide = sheet(|sheet| {
        sheet.write(0, 0, "姓名").unwrap();
        sheet.write(1, 16_000, "x").unwrap();
    });
    assert_eq!(code(&wide).0, ProblemCode::TooLong);
    let deep = sheet(|sheet| {
        sheet.write(0, 0, "姓名").unwrap();
        sheet.write(1_048_575, 0, "x").unwrap();
    });
    assert_eq!(code(&deep), (ProblemCode::TooLarge, Some(ROWS_MAX as i64)));
}

#[test]
fn a_text_that_looks_like_a_formula_stays_a_text() {
    let table = read("姓名,电话\n=cmd|' /C calc'!A0,@SUM(A1)\n".as_bytes()).unwrap();
    assert_eq!(table.rows[0], ["=cmd|' /C calc'!A0", "@SUM(A1)"]);
}
