"""A sample notice for 2027, as the State Council might announce it; invented, for tests only."""

from __future__ import annotations

OFF = {
    "元旦": ("2027-01-01", "2027-01-02", "2027-01-03"),
    "春节": tuple(f"2027-02-{day:02}" for day in range(5, 13)),
    "清明节": ("2027-04-03", "2027-04-04", "2027-04-05"),
    "劳动节": tuple(f"2027-05-{day:02}" for day in range(1, 6)),
    "端午节": ("2027-06-09",),
    "中秋节": ("2027-09-15",),
    "国庆节": tuple(f"2027-10-{day:02}" for day in range(1, 8)),
}
WORKED = ("2027-01-31", "2027-02-20", "2027-04-25", "2027-09-26", "2027-10-09")
SOURCE = "样例通知〔2026〕1号"


def csv_2027(*, without: str = "", extra: str = "") -> str:
    """The notice as CSV, without one holiday or with one more line."""
    lines = [f"{day},holiday,{name}" for name, days in OFF.items() if name != without for day in days]
    lines += [f"{day},workday," for day in WORKED]
    return "\n".join(["date,kind,name", *lines, *([extra] if extra else [])]) + "\n"
