"""Dialects: how different clients spell the same requests and answers. All of it is data; no engine line names one."""
