"""Uploads a file with tuspy: upload.py ENDPOINT FILE SHA256 TICKET CHUNK (0: the whole in one piece)."""
import os
import sys

from tusclient import client

endpoint, file, sha256, ticket, chunk = sys.argv[1:]
tus = client.TusClient(endpoint, headers={"Cuadrilla-Blob-Ticket": ticket})
size = int(chunk) or os.path.getsize(file)
tus.uploader(file, chunk_size=size, metadata={"sha256": sha256}, retries=500, retry_delay=0.1).upload()
