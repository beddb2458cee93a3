from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from survdash.sources.cell_values import (
    decide_dates,
    decide_decimal,
    is_missing,
    plain_text,
    read_date,
    read_number,
    shape_of_date,
    shape_of_number,
    why_no_date,
)

DAY = datetime.date(2020, 4, 3)


@pytest.mark.parametrize(
    ("cell", "shape"),
    [
        ("12", "plain"), ("-7", "plain"), ("12.5", "point"), ("12,5", "comma"), ("1,234", "either"),
        ("1.234", "either"),
        ("0,123", "comma"), ("0.123", "point"), ("1234,567", "comma"), ("1,234.5", "point"), ("1.234,5", "comma"),
        ("1,234,567", "point"), ("1.234.567", "comma"), ("1 234,5", "comma"), ("1'234.5", "point"), ("1 234", "plain"),
        (".5", "point"), ("1e3", "plain"), ("1.5e-3", "point"), ("12 months", "wrong"), ("", "wrong"),
        ("1,2,3", "wrong"),
        ("1.2.3", "wrong"), ("٣", "wrong"), ("--5", "wrong"), ("=1", "wrong"), (3.5, "plain"), (",", "wrong"),
        (".E0", "wrong"), ("5,", "comma"),
        ("24,466666666666665", "comma"),
    ],
)  # fmt: skip
def test_what_a_number_tells_of_its_decimal_mark(cell, shape):
    assert shape_of_number(cell) == shape


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("12,5", "comma", 12.5), ("12.5", "point", 12.5), ("1.234", "comma", 1234.0), ("1.234", "point", 1.234),
        ("1,234", "point", 1234.0), ("1.234.567,25", "comma", 1234567.25), ("-1,5", "comma", -1.5), ("−2", None, -2.0),
        ("1'234.5", "point", 1234.5), ("12,5", "point", None), ("12.55", "comma", None), ("12,5", None, None),
        ("12", None, 12.0), ("1e400", None, None), (7, "comma", 7.0), ("1234,567.8", "point", None), (None, None, None),
    ],
)  # fmt: skip
def test_a_number_is_read_under_its_mark_and_no_other(cell, decimal, value):
    assert read_number(cell, decimal) == value


@hypothesis_settings(max_examples=200, deadline=None)
@given(value=st.floats(-1e12, 1e12).map(lambda x: round(x, 4)), decimal=st.sampled_from(["point", "comma"]),
       group=st.sampled_from(["", "mark", " ", "'"]))  # fmt: skip
def test_a_written_number_comes_back_in_every_locale(value, decimal, group):
    mark, other = (".", ",") if decimal == "point" else (",", ".")
    written = f"{value:,.4f}".replace(",", "G").replace(".", mark).replace("G", other if group == "mark" else group)
    assert read_number(written, decimal) == value
    assert shape_of_number(written) in (decimal, "either")


def test_one_cell_that_allows_one_reading_decides_for_the_file():
    told = decide_decimal({"time": ["1,234", "12,5"], "age": ["60", None]}, [2, 3])
    assert (told.value, told.fault) == ("comma", "")
    assert told.reason == "decimal: comma, as '12,5' in column 'time', line 3 shows"
    assert decide_decimal({"time": ["1", "2"]}, [2, 3]).value is None


def test_what_can_be_read_in_two_ways_is_asked_with_its_cell_and_column_and_line():
    asked = decide_decimal({"time": ["12", "1,234"]}, [2, 9])
    assert asked.value is None
    assert "'1,234' in column 'time', line 9" in asked.fault
    assert "state decimal in the mapping (point, comma)" in asked.fault


def test_cells_that_contradict_each_other_are_a_fault():
    fault = decide_decimal({"time": ["1.5", "2,5"]}, [2, 3]).fault
    assert "'1.5' in column 'time', line 2 contradicts '2,5' in column 'time', line 3" in fault


@pytest.mark.parametrize(
    ("cell", "order"),
    [
        ("2020-04-03", None), ("2020/4/3", None), ("20200403", None), ("2020-04-03T10:20:30Z", None),
        ("2020-04-03 00:00:00", "mdy"), ("03.04.2020", None), ("3.4.2020", "dmy"), ("03/04/2020", "dmy"),
        ("04/03/2020", "mdy"), ("4-3-2020", "mdy"), ("04.03.2020", "mdy"), ("3 Apr 2020", None), ("03-APR-2020", None),
        ("April 3, 2020", None), ("3. April 2020", None), ("3 avril 2020", None), ("2020年4月3日", None),
        ("03.04.2020 14:30", None), ("43924", "excel"), ("43924.5", "excel"), (43924, "excel"), (43924.0, "excel"),
        (datetime.datetime(2020, 4, 3, 12), "mdy"),
    ],
)  # fmt: skip
def test_a_day_is_the_same_however_it_is_written(cell, order):
    assert read_date(cell, order) == DAY


@pytest.mark.parametrize(
    ("cell", "order", "why"),
    [
        ("03/04/2020", None, "is no full date"), ("03.04.20", None, "two digits"), ("3-Apr-20", None, "two digits"),
        ("2020-13-01", None, "no full date"), ("31.02.2020", "dmy", "with the day first"),
        ("2020", None, "no full date"),
        ("04/2020", None, "no full date"), ("13/04/2020", "mdy", "with the month first"),
        ("43924", None, "no full date"), ("01.01.1755", "dmy", "with the day first"),
        ("3 Foo 2020", None, "no full date"), ("", None, "no full date"),
    ],
)  # fmt: skip
def test_what_is_no_full_date_is_said(cell, order, why):
    assert read_date(cell, order) is None
    assert why in why_no_date(cell, order)


@pytest.mark.parametrize("order", ["dmy", "mdy"])
def test_one_day_above_twelve_decides_the_order_for_the_file(order):
    day = datetime.date(2020, 4, 25)
    clear = day.strftime("%d/%m/%Y" if order == "dmy" else "%m/%d/%Y")
    assert decide_dates({"a": ["03/04/2020", None], "b": ["01/01/2020", clear]}, [2, 3]).value == order
    assert read_date(clear, order) == day


def test_days_and_months_that_may_be_either_are_asked_and_so_are_day_numbers_of_excel():
    fault = decide_dates({"seen": ["03/04/2020", "05/05/2020"]}, [2, 3]).fault
    assert "'03/04/2020' in column 'seen', line 2, may have the day or the month first" in fault
    fault = decide_dates({"seen": ["2020-01-01", "43924"]}, [2, 3]).fault
    assert "'43924' in column 'seen', line 3, may be a day number of Excel" in fault
    assert "contradicts" in decide_dates({"seen": ["25/12/2020", "12/25/2020"]}, [2, 3]).fault


@hypothesis_settings(max_examples=150, deadline=None)
@given(day=st.dates(datetime.date(1900, 3, 1), datetime.date(2100, 1, 1)))
def test_every_day_comes_back_from_every_form(day):
    serial = (day - datetime.date(1899, 12, 30)).days
    forms = {"iso": "%Y-%m-%d", "dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y"}
    for order, form in forms.items():
        assert read_date(day.strftime(form), order) == day
        assert shape_of_date(day.strftime(form)) != "wrong"
    assert read_date(day.strftime("%d.%m.%Y"), None) == day
    if serial >= 10_000:  # before that a number has four digits and may be a year
        assert read_date(str(serial), "excel") == day


def test_words_for_missing_and_text_of_excel_cells():
    assert is_missing(None)
    assert is_missing("#N/A")
    assert is_missing("-")
    assert is_missing(" K.A. ", {"k.a."})
    assert not is_missing("0")
    assert [plain_text(cell) for cell in (7.0, 1.5, datetime.datetime(2020, 4, 3), None, "x")] == [
        "7", "1.5", "2020-04-03", "", "x"]  # fmt: skip


@hypothesis_settings(max_examples=200, deadline=None)
@given(text=st.text("0123456789.,/-' eEjan年 ", max_size=14), order=st.sampled_from([None, "dmy", "mdy", "excel"]))
def test_no_text_brings_out_an_error(text, order):
    shape_of_number(text), shape_of_date(text), read_date(text, order), why_no_date(text, order)
    for decimal in (None, "point", "comma"):
        read_number(text, decimal)
