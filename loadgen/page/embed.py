"""Puts the page of `jumpload report` into the binary: embed.py OUTPUT.cc HTML CSS JS [CSS JS]...

Law: the same inputs give the same output, whatever folder they lie in; what is put into a <style>
or <script> element cannot end it. The placeholders that are left are filled by report_page.cc.
"""
import pathlib
import sys

PER_LINE = 24

FRAME = """// Made by loadgen/page/embed.py. Do not edit.
#include "loadgen/report_template.h"

namespace jumpgate::load {{

namespace {{

constexpr char kBytes[] = {{
{rows}
}};

}}  // namespace

const std::string_view kReportTemplate(kBytes, sizeof kBytes);

}}  // namespace jumpgate::load
"""


def joined(paths, ending, end_tag):
    texts = [path.read_text(encoding="utf-8") for path in paths if path.suffix == ending]
    for path, text in zip(paths, texts):
        if end_tag in text.lower():
            sys.exit(f"embed.py: {path} holds {end_tag}, which would end its element")
    return "\n" + "\n".join(texts)


def main(output, html, *parts):
    paths = [pathlib.Path(part) for part in parts]
    page = pathlib.Path(html).read_text(encoding="utf-8")
    page = page.replace("@@style@@", joined(paths, ".css", "</style"))
    page = page.replace("@@script@@", joined(paths, ".js", "</script"))
    numbers = [str(byte) for byte in page.encode("ascii")]  # more would not fit into a signed char
    rows = (",".join(numbers[i:i + PER_LINE]) for i in range(0, len(numbers), PER_LINE))
    pathlib.Path(output).write_text(FRAME.format(rows=",\n".join(rows)), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
