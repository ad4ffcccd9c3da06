"""The exchange's own record of what was asked of it, and the judge of whoever traded there. Pure, but for the file."""
