"""The light generator of bulk: its packets are MQTT, and what it counts has arrived."""
import contextlib
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))
import bulk_stream  # noqa: E402


class Packets(unittest.TestCase):
    def test_the_length_of_a_publish_is_right(self):
        """MQTT 1.5.5, for payloads whose length takes three bytes."""
        for size in (16_384, 65_536, 2_000_000):
            packet = bulk_stream.publish_packet(size)
            length = sum((byte & 127) << 7 * at for at, byte in enumerate(packet[1:4]))
            self.assertEqual([byte >> 7 for byte in packet[1:4]], [1, 1, 0])
            self.assertEqual(length, len(packet) - 4)
            self.assertEqual(len(packet) - 4 - 2 - len(b"bench/bulk"), size)

    def test_a_connect_names_its_client(self):
        packet = bulk_stream.connect_packet("bulk-7")
        self.assertEqual(packet[1], len(packet) - 2)
        self.assertTrue(packet.endswith(b"\x00\x06bulk-7"))


class Stream(unittest.TestCase):
    def test_what_is_sent_arrives_until_it_is_ended(self):
        with contextlib.closing(bulk_stream.Sinks(1)) as sinks:
            with contextlib.closing(bulk_stream.Senders(sinks.ports[0], 2, 65_536)) as senders:
                sinks.wait_for(2, 10 * 65_536)
                self.assertGreaterEqual(min(sinks.received), 10 * 65_536)
            self.assertFalse(any(thread.is_alive() for thread in senders.threads))


if __name__ == "__main__":
    unittest.main()
