"""Worksheets as workbooks for a spreadsheet: the same lines, with formulas that give the same fen when recalculated."""
