"""The room: where students' code runs, knowing inputs and never answers.

======================  =========================================================================
runs inside the room    `server` (one fork an exercise), `lockdown`, and its end of `wire`
stays with the grader   `launcher` (starts a room, asks it, ends it), `policy` (what a room may do),
                        `probe` (does this machine hold?), and the other end of `wire`
======================  =========================================================================
"""
