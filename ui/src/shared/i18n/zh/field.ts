// What the worker's app says in Simplified Chinese: a file for each section of the keys.
import { sections, type Messages } from '../sections'

export default sections(import.meta.glob<Messages>('./field/*.json', { eager: true, import: 'default' }))
