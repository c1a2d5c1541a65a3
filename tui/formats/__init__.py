"""The forms that a report is written in: text, JSON, Markdown, HTML, and what build servers read. One file for each, a
function of the report; none of them asks anybody anything."""
