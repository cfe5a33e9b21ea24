// What the supervisor's desk says in Simplified Chinese: a file for each section of the keys.
import { sections, type Messages } from '../sections'

export default sections(import.meta.glob<Messages>('./desk/*.json', { eager: true, import: 'default' }))
