// A fleet of MQTT.js clients, the library that MQTTX bench is built on: connects, publishes at its
// plan, and marks each phase on stdout so that whoever runs it can read its CPU time and memory
// there. Arguments: PORT CLIENTS CONNECTS_PER_SECOND INTERVAL_MS SECONDS QOS.
//
// Law: the plan is jumpload's: phases spread evenly over the interval, due times from the start and
// not from the last send. SECONDS 0: connects only.
'use strict'
const mqtt = require('mqtt')

const [port, count, rate, intervalMs, seconds, qos] = process.argv.slice(2).map(Number)
const payload = Buffer.alloc(16)
const clients = []
let sent = 0

// Whoever reads marks has this long to look at the process while it rests.
const rest = () => new Promise(resolve => setTimeout(resolve, 300))

async function mark (line) {
  console.log(line)
  await rest()
}

function connectAll () {
  return new Promise((resolve, reject) => {
    let connected = 0
    for (let index = 0; index < count; ++index) {
      setTimeout(() => {
        const client = mqtt.connect({
          host: '127.0.0.1', port, clientId: `mqttjs-${index}`, protocolVersion: 5,
          keepalive: 300, reconnectPeriod: 0
        })
        client.once('error', reject)
        client.once('connect', () => { if (++connected === count) resolve() })
        clients.push(client)
      }, index * 1000 / rate)
    }
  })
}

function publishAll () {
  const beginMs = performance.now()
  const publishes = seconds * 1000 / intervalMs
  return Promise.all(clients.map((client, index) => new Promise(resolve => {
    let number = 0
    let answered = 0
    const phaseMs = index * intervalMs / count
    const next = () => {
      ++sent
      client.publish(`bench/${index}`, payload, { qos }, () => {
        if (++answered === publishes) resolve()
      })
      if (++number === publishes) return
      setTimeout(next, Math.max(0, beginMs + phaseMs + number * intervalMs - performance.now()))
    }
    setTimeout(next, phaseMs)
  })))
}

async function main () {
  await mark('loaded')
  await connectAll()
  await mark('connected')
  if (seconds > 0) await publishAll()
  await mark(`sent ${sent}`)
  process.exit(0)
}

main().catch(error => { console.error(error.message); process.exit(1) })
