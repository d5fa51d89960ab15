"""An answer leaves in one piece, and nothing is kept back that somebody waits for."""

from __future__ import annotations

import asyncio

import pytest

from dragoman.http.connection import WholeAnswers

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Recording(asyncio.Transport):
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces = []

    def write(self, data):
        self.pieces.append(data)

    def close(self):
        self.pieces.append("closed")

    def is_closing(self):
        return "closed" in self.pieces

    def pause_reading(self):
        self.pieces.append("paused")

    def resume_reading(self):
        self.pieces.append("resumed")


@pytest.fixture
def wire():
    return Recording()


@pytest.fixture
def answers(wire):
    return WholeAnswers(wire)


def test_head_and_body_leave_together(wire, answers):
    answers.write(HEAD)
    assert wire.pieces == []
    answers.write(b"{}")
    assert wire.pieces == [HEAD + b"{}"]


def test_an_answer_without_a_body_leaves_when_it_is_complete(wire, answers):
    answers.write(HEAD)
    answers.finish()
    assert wire.pieces == [HEAD]


def test_a_body_in_many_pieces_is_not_kept_back(wire, answers):
    for piece in (HEAD, b"1", b"2", b"3"):
        answers.write(piece)
    assert wire.pieces == [HEAD + b"1", b"2", b"3"]


def test_the_next_answer_on_the_connection_is_whole_again(wire, answers):
    for _ in range(2):
        answers.write(HEAD)
        answers.write(b"{}")
        answers.finish()
    assert wire.pieces == [HEAD + b"{}", HEAD + b"{}"]


def test_an_interim_answer_is_sent_at_once(wire, answers):
    answers.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    answers.write(HEAD)
    answers.write(b"{}")
    assert wire.pieces == [b"HTTP/1.1 100 Continue\r\n\r\n", HEAD + b"{}"]


def test_closing_sends_what_was_kept(wire, answers):
    answers.write(HEAD)
    answers.close()
    assert wire.pieces == [HEAD, "closed"]
    assert answers.is_closing()
