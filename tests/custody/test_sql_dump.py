# ruff: noqa: E501, W291  (a case of a table reads best on one line; dumps end lines in spaces)
from __future__ import annotations

import gzip

import pytest

from amends.custody.sql.copy import unescape
from amends.custody.sql.values import exact_rows, value_rows
from amends.kernel.contents import DeclaredKey
from tests.custody.helpers import read_bytes

PG = rb"""--
-- PostgreSQL database dump
--
SET standard_conforming_strings = on;
CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  INSERT INTO audit VALUES (1, 'not data; at all');
  RETURN NEW;
END;
$body$;
CREATE TABLE public.customers (
    id integer NOT NULL,
    "Full Name" character varying(40) DEFAULT 'a, b'::character varying,
    note text,
    CHECK ((id > 0))
);
CREATE TABLE sales."Order" (
    id integer,
    customer_id integer
);
CREATE TABLE public.nothing (a text);
COPY public.customers (id, "Full Name", note) FROM stdin;
1	Ann O'Neil	line one\nline two
2	\N	tab\there \\ and \x41
3	Bj\303\266rn	
\.


COPY sales."Order" (id, customer_id) FROM stdin;
10	1
\.

ALTER TABLE ONLY sales."Order"
    ADD CONSTRAINT fk FOREIGN KEY (customer_id) REFERENCES public.customers(id) ON DELETE CASCADE;
"""


def test_a_postgresql_dump_gives_tables_rows_and_keys(tmp_path):
    found = read_bytes(tmp_path, "dump.sql", PG.replace(b"\\303\\266", "ö".encode()))
    assert found.columns["public.customers"] == ("id", "Full Name", "note")
    assert found.rows("public.customers") == [
        ["1", "Ann O'Neil", "line one\nline two"],
        ["2", None, "tab\there \\ and A"],
        ["3", "Björn", None],
    ]
    assert found.rows("sales.Order") == [["10", "1"]]
    assert found.keys["sales.Order"] == (DeclaredKey("customer_id", "public.customers", "id"),)
    assert found.tables["public.nothing"] == []
    assert found.columns["public.nothing"] == ("a",)
    assert not found.faults


def test_keys_at_the_end_are_known_in_a_compressed_dump_too(tmp_path):
    found = read_bytes(tmp_path, "dump.sql.gz", gzip.compress(PG))
    assert found.keys["dump.sql/sales.Order"] == (
        DeclaredKey("customer_id", "public.customers", "id"),
    )
    assert len(found.rows("dump.sql/public.customers")) == 3


def test_a_dump_cut_in_the_middle_of_a_row_gives_the_rows_before_and_a_fault(tmp_path):
    cut = PG[: PG.index(b"2\t") + 3]
    found = read_bytes(tmp_path, "dump.sql", cut)
    assert found.rows("public.customers")[0][0] == "1"
    assert "truncated" in found.reasons()


MYSQL = rb"""-- MySQL dump 10.13
/*!40101 SET NAMES utf8 */;
DROP TABLE IF EXISTS `former`;
CREATE TABLE `former` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(50) DEFAULT NULL COMMENT 'it''s, a (name)',
  `note` text,
  `raw` blob,
  PRIMARY KEY (`id`),
  KEY `k` (`name`),
  CONSTRAINT `fk` FOREIGN KEY (`id`) REFERENCES `other` (`oid`)
) ENGINE=InnoDB;
LOCK TABLES `former` WRITE;
/*!40000 ALTER TABLE `former` DISABLE KEYS */;
INSERT INTO `former` VALUES (1,'O\'Neil, \"Ann\"','a),(b',0x6162),(2,NULL,'NULL','x\\'),(3,'it''s\n; INSERT INTO `former` VALUES (9)','',_binary 'q');
INSERT INTO `former` VALUES (4,'tab\there\0','%\%\_',-1.50);
/*!40000 ALTER TABLE `former` ENABLE KEYS */;
UNLOCK TABLES;
DELIMITER ;;
CREATE TRIGGER t BEFORE INSERT ON former FOR EACH ROW BEGIN INSERT INTO x VALUES (1); END ;;
DELIMITER ;
INSERT INTO `other` (`oid`, `v`) VALUES (7, 'after the trigger');
"""


def test_a_mysql_dump_gives_rows_with_escapes_read(tmp_path):
    found = read_bytes(tmp_path, "dump.sql", MYSQL)
    assert found.rows("former") == [
        ["1", 'O\'Neil, "Ann"', "a),(b", "0x6162"],
        ["2", None, "NULL", "x\\"],
        ["3", "it's\n; INSERT INTO `former` VALUES (9)", None, "q"],
        ["4", "tab\there", "%\\%\\_", "-1.50"],
    ]
    assert found.keys["former"] == (DeclaredKey("id", "other", "oid"),)
    assert found.rows("other") == [["7", "after the trigger"]]
    assert not found.faults


MSSQL = """USE [crm]
GO
SET ANSI_NULLS ON
GO
CREATE TABLE [dbo].[Customers](
\t[Id] [int] IDENTITY(1,1) NOT NULL,
\t[First Name] [nvarchar](50) NULL,
\t[Born] [datetime] NULL,
 CONSTRAINT [PK] PRIMARY KEY CLUSTERED ([Id] ASC)
) ON [PRIMARY]
GO
SET IDENTITY_INSERT [dbo].[Customers] ON
GO
INSERT [dbo].[Customers] ([Id], [First Name], [Born]) VALUES (1, N'Zoë; O''Hara', CAST(N'1980-02-03T00:00:00.000' AS DateTime))
INSERT [dbo].[Customers] ([Id], [First Name], [Born]) VALUES (2, NULL, NULL)
GO
INSERT [dbo].[Customers] ([Id], [First Name], [Born]) VALUES (3, N'Li', CAST(N'1990-01-01T00:00:00.000' AS DateTime))
GO
SET IDENTITY_INSERT [dbo].[Customers] OFF
GO
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_a_sql_server_script_is_read_in_any_encoding(tmp_path, encoding):
    found = read_bytes(tmp_path, "script.sql", MSSQL.replace("\n", "\r\n").encode(encoding))
    assert found.columns["dbo.Customers"] == ("Id", "First Name", "Born")
    assert found.rows("dbo.Customers") == [
        ["1", "Zoë; O'Hara", "1980-02-03T00:00:00.000"],
        ["2", None, None],
        ["3", "Li", "1990-01-01T00:00:00.000"],
    ]


def test_inserts_that_change_tables_at_every_line_give_one_part_a_table(tmp_path):
    lines = ["CREATE TABLE a (x int, y text);", "CREATE TABLE b (z text);"]
    for number in range(50):
        lines += [
            f"INSERT INTO a VALUES ({number}, 'v{number}');",
            f"INSERT INTO b VALUES ('w{number}');",
        ]
    found = read_bytes(tmp_path, "s.sql", "\n".join(lines).encode())
    assert len(found.tables) == 2
    assert found.rows("a") == [[str(n), f"v{n}"] for n in range(50)]
    assert found.numbers["b"] == list(range(1, 51))


def test_many_single_row_inserts_are_joined_without_mixing_values(tmp_path):
    body = "".join(f"INSERT INTO public.t VALUES ({n}, 'a''b;{n}', NULL);\n" for n in range(5000))
    found = read_bytes(
        tmp_path, "s.sql", ("CREATE TABLE public.t (a int, b text, c text);\n" + body).encode()
    )
    assert found.rows("public.t") == [[str(n), f"a'b;{n}", None] for n in range(5000)]


def test_a_value_that_looks_like_the_next_statement_stays_a_value(tmp_path):
    hostile = "INSERT INTO t VALUES (1, 'x);\nINSERT INTO t VALUES (2');\nINSERT INTO t VALUES (3, 'y');\n"
    found = read_bytes(tmp_path, "s.sql", ("CREATE TABLE t (a int, b text);\n" + hostile).encode())
    flat = [cell for row in found.rows("t") for cell in row]
    assert "3" in flat
    assert "y" in flat
    assert any(cell and "x" in cell for cell in flat)


@pytest.mark.parametrize(
    "between", [" -- first\n,", ",/* (9,'z') */", "," + " " * 90, ",\n" * 1, " # x\n ,\n"]
)
def test_comments_and_spaces_between_rows_lose_none(tmp_path, between):
    body = between.join(f"({n},'v{n}')" for n in range(300))
    found = read_bytes(
        tmp_path,
        "s.sql",
        f"-- MySQL dump\nCREATE TABLE t (a int, b text);\nINSERT INTO t VALUES {body};\n".encode(),
    )
    assert found.rows("t") == [[str(n), f"v{n}"] for n in range(300)]


def test_rows_without_a_definition_get_numbered_columns(tmp_path):
    found = read_bytes(
        tmp_path,
        "s.sql",
        b"INSERT INTO t VALUES (1,'a'),\n  (2,'b');\nINSERT INTO t VALUES (3,'c')",
    )
    assert found.columns["t"] == ("column_1", "column_2")
    assert found.headers["t"] is False
    assert found.rows("t") == [["1", "a"], ["2", "b"], ["3", "c"]]


@pytest.mark.parametrize(
    ("raw", "backslashes", "expected"),
    [
        (b"(1,'a'),(2,'b');", True, [["1", "a"], ["2", "b"]]),
        (b"( 1 , 'a b' ) ,\r\n ( NULL, '' );", True, [["1", "a b"], [None, None]]),
        (rb"('a\\','b'),('\'','\\\'');", True, [["a\\", "b"], ["'", "\\'"]]),
        (rb"('a\','b')", False, [["a\\", "b"]]),
        (rb"(E'a\'b',E'\n')", False, [["a'b", "\n"]]),
        (b"(now(),'x')", False, [["now()", "x"]]),
        (b"('2020-01-01'::date,'x')", False, [["2020-01-01", "x"]]),
        (b"(TO_DATE('2020-01-01','YYYY-MM-DD'),'x')", False, [["2020-01-01", "x"]]),
        (b"('a','b') ON CONFLICT DO NOTHING;", False, [["a", "b"]]),
        (b"(1,'\xc3\xb6'),(2,'\xe6\x97\xa5');", True, [["1", "ö"], ["2", "日"]]),
    ],
)
def test_rows_of_an_insert(raw, backslashes, expected):
    quick = value_rows(raw, 2, backslashes=backslashes, final=True)
    exact = exact_rows(raw, 2, backslashes=backslashes, final=True)
    for rows in (quick, exact):
        assert rows is not None
        assert [
            list(row) for row in zip(*[c.to_pylist() for c in rows.cells], strict=True)
        ] == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("plain", "plain"),
        (r"a\tb", "a\tb"),
        (r"\\N", r"\N"),
        (r"\101\x42", "AB"),
        (r"\q", "q"),
        ("end\\", "end\\"),
    ],
)
def test_escapes_of_copy_text(cell, expected):
    assert unescape(cell) == expected


@pytest.mark.parametrize("between", [");\n", ");", ")\n", ");\r\n", "); "])
@pytest.mark.parametrize("long", [3, 400])
def test_statements_that_begin_alike_are_joined_at_the_right_place(tmp_path, between, long):
    begin = "INSERT INTO public.customers (customer_id, name, note) VALUES ("
    rows = [f"{n},'{'v' * (n % long)}),(x',NULL" for n in range(4000)]
    text = begin + (between + begin).join(rows) + ");\nINSERT INTO other VALUES (1, 'end');\n"
    found = read_bytes(tmp_path, "s.sql", text.encode())
    assert [row[0] for row in found.rows("public.customers")] == [str(n) for n in range(4000)]
    assert found.rows("public.customers")[401][1] == "v" * (401 % long) + "),(x"
    assert found.rows("other") == [["1", "end"]]
    assert not found.faults
